"""Backups of a library's state: what one consists of, where it is kept, and how it is proven whole."""
