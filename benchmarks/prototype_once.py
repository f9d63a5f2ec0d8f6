"""One way from files to points, in the process that a benchmark starts for it: prints its sample as one line of JSON.

The clock runs from where the benchmark starts this process to the end of the last point, so it has the loading of the
models in it, as a run of the prototype had. The answers are kept outside the clock, in an .npz file, for the comparison
of quality.
"""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.product import ingest_all, settings_for
from benchmarks.prototype_client import Answers, climb
from benchmarks.prototype_ways import OURS, rung


def main(
    title: Annotated[str, typer.Option(help="A rung of the ladder, or ours.")],
    photos: Annotated[Path, typer.Option(help="The folder with the photos.")],
    scratch: Annotated[Path, typer.Option(help="An absent folder for state.")],
    family: Annotated[str, typer.Option(help="Which models.")],
    models: Annotated[Path, typer.Option(help="Where those of full size lie.")],
    began: Annotated[float, typer.Option(help="When this process was started, in seconds since the epoch.")],
) -> None:
    """Do it, and print how long it took and where the answers lie."""
    scratch.mkdir(parents=True)
    if title == OURS:
        settings = settings_for(photos, scratch / "data", family, models)
        stages = ingest_all(settings).seconds
        wall_s, answers = _seconds_since(began), _collected(settings)
    else:
        stages, answers = climb(rung(title), photos, scratch, family, models)
        wall_s = _seconds_since(began)
    kept = scratch / "answers.npz"
    vectors, captions = (list(column) for column in zip(*answers.values(), strict=True))
    np.savez(kept, names=np.array(list(answers)), vectors=np.stack(vectors), captions=np.array(captions))
    stages_s = {name: round(spent, 2) for name, spent in stages.items()}
    print(json.dumps({"wall_s": wall_s, "stages_s": stages_s, "read": len(answers), "answers": str(kept)}))


def _collected(settings: Any) -> Answers:
    """What the collection has, by path."""
    from photo_assets.definitions import open_resource
    from resources.vectors.contents import points_of

    with open_resource(settings, "vectors").index() as index:
        points = [point for points in points_of(index, index.active_version()) for point in points]
    return {
        path: (point.vector, point.payload.get("caption", "")) for point in points for path in point.payload["paths"]
    }


def _seconds_since(began: float) -> float:
    return round(time.time() - began, 2)


if __name__ == "__main__":
    typer.run(main)
