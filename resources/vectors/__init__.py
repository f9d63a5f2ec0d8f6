"""The vector index: one port, the embedded Qdrant engine and the Qdrant server behind it.

`port.py` is what callers import. What a photo is, how a vector is computed and when a version becomes
the active one is decided elsewhere: this room stores, finds and counts points. It never imports Dagster.
"""
