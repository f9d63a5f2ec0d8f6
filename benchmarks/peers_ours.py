"""Ours, beside the peers: all that `photos ingest` does, or no more than it takes to have the vectors.

Vectors alone are the look at the folder and the assets UP_TO_VECTORS through Dagster: every photo hashed, decoded in a
worker, its preview and its thumbnail written, the vectors of the previews in their Parquet table, state in the ledger.
"""

from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.peers_task import Task
from benchmarks.product import ingest_all, settings_for
from photo_assets.batch_runs import BatchRunner
from photo_assets.definitions import build_defs, open_resource
from photo_assets.instance import open_instance
from photo_assets.settings import Settings
from photo_assets.steps.scanning import Roots, scan_until_settled
from resources.tables.store import TableStore

UP_TO_VECTORS = ("photo_files", "decoded_images", "image_embeddings")


def main() -> None:
    """Do the task."""
    task = Task.asked()
    settings = settings_for(task.photos, task.scratch / "data", task.family, task.models)
    if task.captions:
        ingest_all(settings)
    else:
        embed_all(settings)
    task.answer(task.seconds(), *found(settings, task.captions))


def embed_all(settings: Settings) -> None:
    """Materialize UP_TO_VECTORS of every batch."""
    job = dg.define_asset_job("up_to_vectors", selection=dg.AssetSelection.assets(*UP_TO_VECTORS))
    definitions = dg.Definitions.merge(build_defs(settings), dg.Definitions(jobs=[job]))
    library, decoding, inference = (open_resource(settings, name) for name in ("library", "decoding", "inference"))
    roots = Roots(settings.library_roots, settings.photo_data, library.patterns())
    with library.ledger() as ledger, open_instance(settings) as instance:
        scan = scan_until_settled(
            ledger,
            roots,
            settings.photo_batch_size,
            decoder=decoding.decoder(),
            meanwhile=lambda: inference.engine().ready(),
        )
        runner = BatchRunner(definitions, instance, "benchmark", settings.photo_backfill_batches)
        for ended in runner.run(job.name, ledger.batch_sizes(scan.batches)):
            if ended.failed:
                raise SystemExit(ended.failed)


def found(settings: Settings, captions: bool) -> tuple[list[Path], list[Any], list[str]]:
    """The paths of the photos that have a vector, their vectors, and their captions where there are any."""
    paths = _column(settings, "decoded_images", "path_display")
    vectors = {name: vector for name, vector in _column(settings, "image_embeddings", "vector").items() if name}
    said = _column(settings, "image_captions", "caption") if captions else {}
    read = [name for name, vector in vectors.items() if vector is not None]
    return [Path(paths[name]) for name in read], [vectors[name] for name in read], [said[name] for name in read if said]


def _column(settings: Settings, table: str, column: str) -> dict[str, Any]:
    """The column of every batch's table, by photo."""
    rows = TableStore(settings.photo_data / "tables").rows(table, ("photo_id", column))
    return {row["photo_id"]: row[column] for row in rows}


if __name__ == "__main__":
    main()
