"""Tests of the library room: real files, a real ledger, and every accident that a photo folder can have."""
