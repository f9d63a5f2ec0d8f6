"""The tests, one folder per room; what is shared stands in conftest.py."""
