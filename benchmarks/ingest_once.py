"""One measured ingest, in the process that a benchmark starts for it: prints its sample as one line of JSON."""

import json
import os
import sys
import time
from pathlib import Path

from photo_assets.demo.library import generate_library
from photo_assets.demo.measuring import measured
from photo_assets.finding import open_searcher
from photo_assets.ingest import ingest
from photo_assets.settings import load_settings


def main(root: Path, photos: int, data: Path) -> None:
    """Ingest `root` with fresh state below `data`, then measure the quality outside the timer."""
    os.environ |= {"PHOTO_DATA": str(data), "PHOTO_LIBRARY": str(root), "PHOTO_MODELS": "small", "DAGSTER_HOME": ""}
    settings = load_settings()
    started = time.perf_counter()
    ingested = ingest(settings, [root], lambda total: lambda stage, done: None)
    seconds = time.perf_counter() - started
    truth = generate_library(root, photos, seed=11)
    with open_searcher(settings) as searcher:
        quality = measured(truth, searcher.captions_by_path(), searcher)
    stages = {name: round(spent, 2) for name, spent in ingested.seconds.items()}
    sample = {"ingest_s": round(seconds, 2), "stages_s": stages, "counts": ingested.counts, "quality": quality}
    print(json.dumps(sample))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
