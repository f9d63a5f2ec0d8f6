"""Tests of the tables room: what is written comes back, and a kill leaves no half a table."""
