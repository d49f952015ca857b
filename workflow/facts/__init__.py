"""Facts for the guards: what is known of a case, in a constant number of queries."""
