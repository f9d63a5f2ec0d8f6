"""Tables: typed Parquet files, one per asset and batch, never half-written."""
