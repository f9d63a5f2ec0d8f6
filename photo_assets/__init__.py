"""What exists: the asset graph over the rooms in `resources`, and the ways into it.

definitions.py wires everything; assets/ are Dagster's thin adapters over the plain functions in steps/; cli.py is the
`photos` command; search/ answers queries; demo/ makes the demo's world. Importing this package imports nothing.
"""
