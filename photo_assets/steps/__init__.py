"""What each asset does, as plain functions over rows and rooms.

A row is a dict with the columns of `photo_assets.tables`. Dagster is not imported here: a test, the benchmarks and the
assets call the same functions.
"""
