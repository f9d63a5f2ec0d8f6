"""Benchmarks: how fast the platform is and how good its answers are at that speed. Never part of the tests.

Each configuration runs in a fresh process; raw samples and the environment are kept under results/; the tables in
docs/benchmarks.md are written from them by `python -m benchmarks.tables`.
"""
