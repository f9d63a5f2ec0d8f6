"""A plain loop over the platform's steps, in the process that a benchmark starts for it: prints its sample as JSON.

The same functions in the same order as the assets', batch after batch, without Dagster and without tables.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from photo_assets.definitions import open_resource
from photo_assets.settings import load_settings
from photo_assets.steps.collection import BatchTables, space_of, write_batch
from photo_assets.steps.decoding import decode_photos, read_metadata
from photo_assets.steps.files import identify_files
from photo_assets.steps.inference import embed_captions, infer
from photo_assets.steps.scanning import Roots, scan_until_settled


class Loop:
    """The rooms, opened once, and when each step began and ended."""

    def __init__(self, rooms: ExitStack) -> None:
        self.settings = load_settings()
        library, decoding, inference, vectors = (
            open_resource(self.settings, name) for name in ("library", "decoding", "inference", "vectors")
        )
        self.ledger, self.pool = rooms.enter_context(library.ledger()), rooms.enter_context(decoding.pool())
        self.index, self.engine = rooms.enter_context(vectors.index()), inference.engine()
        self.previews = decoding.previews()
        self.steps: list[tuple[str, float, float]] = []

    def run(self) -> None:
        """Every batch, one after the other."""
        with self._timed("scan"):
            roots = Roots(self.settings.library_roots, self.settings.photo_data)
            scan = scan_until_settled(self.ledger, roots, self.settings.photo_batch_size, meanwhile=self.engine.warm_up)
        for batch in scan.batches:
            self._do(batch)

    def _do(self, batch: str) -> None:
        with self._timed("photo_files"):
            files = identify_files(self.ledger, batch)
        with self._timed("decoded_images"):
            decoded = decode_photos(files, self.pool, self.ledger)
        with self._timed("photo_metadata"):
            metadata = read_metadata(decoded, self.ledger)
        with self._timed("image_inference"):
            embeddings, captions = infer(decoded, self.previews, self.engine, embed=True, caption=True)
        with self._timed("caption_embeddings"):
            worded = embed_captions(captions, self.engine)
        with self._timed("collection_points"):
            tables = BatchTables(decoded, metadata, embeddings, captions, worded)
            write_batch(batch, tables, {}, self.index, self.ledger, space_of(self.engine))

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.time()
        yield
        self.steps.append((step, started, time.time()))


def main() -> None:
    """Do it all and print when each step began and ended, in seconds since the epoch."""
    with ExitStack() as rooms:
        loop = Loop(rooms)
        loop.run()
    print(json.dumps({"steps": loop.steps}))


if __name__ == "__main__":
    main()
