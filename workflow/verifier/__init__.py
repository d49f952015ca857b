"""Verifies an evidence bundle offline, with the law and the seal alone."""
