"""What the assets use: one room per service, each a plain engine and a thin Dagster resource.

library/ knows the files, decoding/ turns originals into previews, inference/ runs the models, vectors/ holds the
points, tables/ stores the Parquet files. The engines never import Dagster; only the `resource.py` and
`io_manager.py` modules do. Nothing here imports `photo_assets` or `sensors`.
"""
