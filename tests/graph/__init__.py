"""Tests of the asset graph and of the ways into it: ingest, the command line, Dagster's own commands."""
