"""A whole ingest or one stage of it alone, in the process that a benchmark starts for it: prints its sample as JSON.

The stages take what an ingest before has left: its photos, its previews, its points. Starting the workers, loading the
models, reading what a stage needs, and a first photo for each of them are outside the timers.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.keeping import Sample
from benchmarks.limit_tables import DECODING, INGEST, MODELS, UPSERT
from benchmarks.pool_once import in_pool, request_for
from benchmarks.product import ingest_all, settings_for
from benchmarks.timing import seconds_of
from photo_assets.definitions import open_resource
from photo_assets.demo.files import EXTENSIONS
from photo_assets.settings import Settings
from resources.decoding.previews import PreviewStore
from resources.vectors.chunks import chunked
from resources.vectors.contents import points_of
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Point

VERSION = "limit"


def ingest(settings: Settings, scratch: Path) -> Sample:
    """The pipeline, from files on disk to points."""
    started = time.perf_counter()
    ingested = ingest_all(settings)
    seconds = time.perf_counter() - started
    steps_s = {name: round(spent, 3) for name, spent in ingested.seconds.items()}
    return {"seconds": round(seconds, 3), "done": ingested.counts["ok"], "steps_s": steps_s}


def decoding(settings: Settings, scratch: Path) -> Sample:
    """From files to previews, thumbnails and tags, by a worker per core."""
    suffixes = {f".{extension}" for extension in EXTENSIONS.values()}
    paths = sorted(path for path in settings.library_roots[0].rglob("*") if path.suffix in suffixes)
    requests = [request_for(number, path) for number, path in enumerate(paths)]
    seconds, results = in_pool(PreviewStore(scratch / "decoded"), requests, len(os.sched_getaffinity(0)))
    return {"seconds": round(seconds, 3), "done": sum(result.status == "ok" for result in results)}


def models(settings: Settings, scratch: Path) -> Sample:
    """From previews to vectors and captions, and from captions to vectors."""
    engine = open_resource(settings, "inference").engine()
    previews = [path.read_bytes() for path in sorted((settings.photo_data / "previews" / "previews").rglob("*.jpg"))]
    loading_s = seconds_of(lambda: [*engine.infer([_grey()]), *engine.embed_texts(["grey"])])
    started = time.perf_counter()
    answers = list(engine.infer(previews))
    engine.embed_texts(list({str(answer.caption) for answer in answers}))
    seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 3), "loading_s": round(loading_s, 3), "done": len(answers)}


def upsert(settings: Settings, scratch: Path) -> Sample:
    """From ready points to stored ones, a batch at a time."""
    points = _points(settings)
    with EmbeddedIndex(scratch / "collection-alone") as index:
        index.create_version(VERSION, len(points[0].vector))
        started = time.perf_counter()
        for batch in chunked(points, settings.photo_batch_size):
            index.upsert(VERSION, batch)
        seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 3), "done": len(points)}


STEPS: dict[str, Callable[[Settings, Path], Sample]] = {
    INGEST: ingest,
    DECODING: decoding,
    MODELS: models,
    UPSERT: upsert,
}


def _points(settings: Settings) -> list[Point]:
    """What the ingest has written."""
    with open_resource(settings, "vectors").index() as index:
        return [point for points in points_of(index, index.active_version()) for point in points]


def _grey() -> bytes:
    """A preview that no photo has: the engine spares copies of pictures that it knows."""
    buffer = BytesIO()
    Image.new("RGB", (512, 512), "grey").save(buffer, "JPEG")
    return buffer.getvalue()


def main(step: str, photos: Path, scratch: Path, family: str, folder: Path) -> None:
    """Do the step and print what it took."""
    settings: Any = settings_for(photos, scratch / "data", family, folder)
    print(json.dumps(STEPS[step](settings, scratch)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
