"""The library: which files there are, which photos they hold, and how far each has come."""
