"""Tests of the vectors room: one contract for both engines, then what only one of them has."""
