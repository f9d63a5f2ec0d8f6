"""What a way has made of generated photos, outside its clock: prints rows and quality as one line of JSON."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.many_photos import folder_of, many_photos
from photo_assets.definitions import open_resource
from photo_assets.demo.measuring import measured
from photo_assets.finding import open_searcher
from photo_assets.settings import load_settings


def main(
    library: Annotated[Path, typer.Argument(help="Where the photos are kept.")],
    photos: Annotated[int, typer.Argument(help="How many there are.")],
    root: Annotated[Path, typer.Argument(help="The folder that they were taken from.")],
    small: Annotated[bool, typer.Option(help="The small ones.")] = False,
) -> None:
    """Ask the state that the environment names about the photos."""
    settings = load_settings()
    folder = folder_of(library, photos, small=small)
    taken = many_photos(library, photos, small=small)
    truth = [replace(photo, path=root / photo.path.relative_to(folder)) for photo in taken]
    with open_resource(settings, "library").ledger() as ledger:
        counts = ledger.counts()
    with open_searcher(settings) as searcher:
        quality = measured(truth, searcher.captions_by_path(), searcher)
    print(json.dumps({"counts": counts, "quality": quality}))


if __name__ == "__main__":
    typer.run(main)
