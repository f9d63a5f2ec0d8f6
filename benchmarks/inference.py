"""Inference by ours and by plain transformers: `make bench-inference`; `--quick` looks whether it all runs.

Measured: from ready uint8 inputs (the device's part) and from encoded previews to vectors and captions; the full-size
models with random weights and the small trained ones; on a GPU where there is one, else on the CPU. Not measured:
loading, the service, quality in the world. The configurations take turns, each in a fresh process, so that what
else the machine does falls on all of them alike.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from benchmarks.environment import environment
from benchmarks.inference_choice import FULL, GRAPHS, SMALL, Configuration, configurations
from benchmarks.inference_models import make_checkpoints, make_graphs, make_unproved
from benchmarks.inference_once import hardware, measure
from benchmarks.inference_plot import draw
from benchmarks.inference_quality import quality
from benchmarks.keeping import Benchmark, Sample, keep_runs
from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint

MODELS = Path("build") / "inference-benchmark"
_WARM_UP = 1
_PREVIEW_PX = 512


def main(
    runs: Annotated[int, typer.Option(help="How often each configuration is measured; fewer never replace more.")] = 3,
    models: Annotated[Path, typer.Option(help="Where checkpoints and graphs are made, once.")] = MODELS,
    quick: Annotated[bool, typer.Option(help="Small models, one run; keeps and writes nothing.")] = False,
) -> None:
    """Make the models, measure, keep every sample, make the table and the plot anew."""
    bench = Bench(models)
    bench.make_models(quick)
    place = environment("onnxruntime") | bench.device()
    keep_runs(place, [Benchmark("inference", runs, lambda run: bench.samples(run, quick))], quick=quick, draw=draw)


class Bench:
    """Fresh processes, the models, and the pictures that all of them are shown."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._fresh = multiprocessing.get_context("forkserver")
        self._fresh.set_forkserver_preload(["benchmarks.inference_once", "benchmarks.tables"])
        self._references: dict[tuple[str, str], Sequence[Any]] = {}

    def device(self) -> dict[str, Any]:
        """What the models run on."""
        found: dict[str, Any] = self._in_fresh_process(hardware)
        return found

    def make_models(self, quick: bool) -> None:
        """Make what is not there yet; minutes, the first time."""
        self._models.mkdir(parents=True, exist_ok=True)
        if not quick:
            self._in_fresh_process(make_checkpoints, self._models)
        for family in [SMALL] if quick else [SMALL, FULL]:
            for graphs in GRAPHS:
                self._in_fresh_process(make_graphs, family, graphs, self._models)
        if not quick:
            self._in_fresh_process(make_unproved, self._models)

    def samples(self, run: int, quick: bool) -> Iterator[Sample]:
        """One run: a sample of each configuration, told as it comes."""
        device = self.device()
        asked = configurations(device["device"], device["dtype"], quick)
        previews = _previews(max(each.pictures for each in asked) + _WARM_UP)
        for each in asked:
            sample, answers = self._measured(each, previews)
            # The first configuration of a task and family is plain transformers in FP32, one picture at a time.
            expected = self._references.setdefault((each.task, each.family), answers)
            told = {"run": run} | asdict(each) | sample | quality(each.task, expected, answers)
            typer.echo(told)
            yield told

    def _measured(self, asked: Configuration, previews: Sequence[bytes]) -> tuple[Sample, Sequence[Any]]:
        shown = [*previews[: asked.pictures], *previews[-_WARM_UP:]]
        measured: tuple[Sample, Sequence[Any]] = self._in_fresh_process(measure, asked, self._models, shown)
        return measured

    def _in_fresh_process(self, work: Any, *arguments: Any) -> Any:
        with ProcessPoolExecutor(1, self._fresh) as process:
            return process.submit(work, *arguments).result()


def _previews(count: int) -> list[bytes]:
    """JPEGs like those that the platform stores."""
    return [_encoded(Image.fromarray(paint(scene, _PREVIEW_PX))) for scene in library_scenes(count, seed=5)]


def _encoded(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    typer.run(main)
