"""What a way has made of generated photos, outside its clock: prints rows and quality as one line of JSON."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.many_photos import many_photos
from photo_assets.definitions import open_resource
from photo_assets.demo.measuring import measured
from photo_assets.finding import open_searcher
from photo_assets.settings import load_settings


def main(library: Path, photos: int, root: Path) -> None:
    """Ask the state that the environment names about the photos of `library`, which were taken from `root`."""
    settings = load_settings()
    folder = library / str(photos)
    truth = [replace(photo, path=root / photo.path.relative_to(folder)) for photo in many_photos(library, photos)]
    with open_resource(settings, "library").ledger() as ledger:
        counts = ledger.counts()
    with open_searcher(settings) as searcher:
        quality = measured(truth, searcher.captions_by_path(), searcher)
    print(json.dumps({"counts": counts, "quality": quality}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
