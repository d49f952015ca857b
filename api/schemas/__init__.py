"""What goes over the counter: JSON in, checked and bounded; JSON out, with Vietnamese time."""
