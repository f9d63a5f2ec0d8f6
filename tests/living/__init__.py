"""The living library, proven: anything may happen to its files, and any call may be the last."""
