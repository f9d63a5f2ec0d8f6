"""Tests of the inference room, with the two small models that come with the package."""
