"""The peers and ours on the same photos with the same weights: `make bench-peers`; `--quick` looks whether it all runs.

Measured: from the start of a command to the last vector or caption where it is kept, models loaded in every run; the
same with a single photo, which is nearly all imports and loading; peak memory; how near the answers come to those of
plain transformers in FP32 on photos that were decoded in full. Not measured: a GPU, the peers' own weights, searching.
What a peer does not read is counted, and its time is not compared with ours then.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.inference_choice import FULL
from benchmarks.inference_models import checkpoints_of, make_checkpoints
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.peers_choice import CAPTIONS, COURSES, QUICK, REFERENCE, Course, Way, ways
from benchmarks.peers_photos import first_of, make
from benchmarks.peers_prepared import prepare
from benchmarks.peers_task import Task
from benchmarks.peers_venvs import WANTED, python_of, versions_in
from resources.inference.devices import best_device

BUILD = Path("build")
# No peer has anything to fetch, nor is it to wait for word of newer releases.
_OFFLINE = dict(os.environ) | {"HF_HUB_OFFLINE": "1", "NO_ALBUMENTATIONS_UPDATE": "1"}


def main(
    runs: Annotated[int, typer.Option(help="How often each way is gone; fewer never replace more.")] = 3,
    models: Annotated[Path, typer.Option(help="Where models are made, once.")] = BUILD / "inference-benchmark",
    photos: Annotated[Path, typer.Option(help="Where the photos are made, once; 2 GB.")] = BUILD / "photos",
    venvs: Annotated[Path, typer.Option(help="Where the peers are installed, once; 4 GB.")] = BUILD / "peers-venv",
    only: Annotated[
        list[int] | None,
        typer.Option(help="Numbers of the courses, from 1; may be repeated; nothing is published then."),
    ] = None,
    quick: Annotated[bool, typer.Option(help="8 photos, small models, one run; keeps and writes nothing.")] = False,
) -> None:
    """Install the peers, make photos and models, go every way `runs` times, keep every sample and make the table."""
    courses = QUICK if quick else COURSES
    courses = [courses[number - 1] for number in only] if only else courses
    pythons = {peer: python_of(peer, venvs) for peer in WANTED}
    if any(course.family == FULL for course in courses):
        make_checkpoints(models)
    bench = Bench(pythons, models.resolve())
    prepared = [(course, *make(course, photos)) for course in courses]
    place = environment("qdrant-client") | {"peers": {peer: versions_in(peer, each) for peer, each in pythons.items()}}
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        expected = [bench.expected(*each, Path(scratch)) for each in prepared]

        def measure(run: int) -> Iterator[Sample]:
            for (course, folder, _), answers in zip(prepared, expected, strict=True):
                for sample in bench.measure(course, folder, answers):
                    yield {"run": run} | sample

        keep_runs(place, [Benchmark("peers", runs, measure)], quick=quick, part=bool(only))


class Bench:
    """The interpreters of the peers, and where the models of full size lie."""

    def __init__(self, pythons: Mapping[str, Path], models: Path) -> None:
        self._pythons, self._models = pythons, models
        self._has_half = best_device().dtype != torch.float32

    def expected(self, course: Course, folder: Path, truth: Mapping[str, str], scratch: Path) -> dict[str, Any]:
        """The reference's answers, with the true captions where they are known; the weights are prepared first."""
        task = self._task(course, REFERENCE, folder, scratch / f"{course.kind}, {course.family}")
        prepare(task.clip, task.prepared)
        answers = self._once(REFERENCE, replace(task, captions=CAPTIONS in course.tasks))[1]
        said = zip(answers["names"], answers["captions"], strict=True)
        return answers | {"captions": np.array([truth.get(name, caption) for name, caption in said])}

    def measure(self, course: Course, folder: Path, expected: Mapping[str, Any]) -> Iterator[Sample]:
        """A sample of each way of a course."""
        about = {"kind": course.kind, "photos": course.photos, "family": course.family}
        for way in ways(course, self._has_half):
            with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
                alone = self._alone(course, way, first_of(folder), Path(scratch))
                sample, answers = self._once(way, self._task(course, way, folder, Path(scratch) / "all"))
            told = {"way": way.title, "task": way.task, "alone_s": alone["wall_s"]}
            whole = about | told | sample | agreement(expected, answers, way.task)
            typer.echo(whole)
            yield whole

    def _alone(self, course: Course, way: Way, photo: Path, scratch: Path) -> Sample:
        folder = scratch / "one photo"
        folder.mkdir()
        shutil.copy(photo, folder)
        return self._once(way, self._task(course, way, folder, scratch / "alone"))[0]

    def _task(self, course: Course, way: Way, folder: Path, scratch: Path) -> Task:
        clip, blip = (Path(each.location) for each in checkpoints_of(course.family, self._models))
        prepared = self._models / f"for peers, {course.family}"
        return Task(
            folder, scratch, course.family, self._models, clip, blip, prepared, way.task == CAPTIONS, way.half, 0.0
        )

    def _once(self, way: Way, task: Task) -> tuple[Sample, dict[str, Any]]:
        """A sample and the answers of a fresh process."""
        told = replace(task, began=time.time()).on_command_line()
        python = self._pythons[way.peer] if way.peer else None
        sample = sample_of(way.module, told, environment=_OFFLINE, with_peak=True, python=python)
        return sample, dict(np.load(sample.pop("answers")))


def agreement(expected: Mapping[str, Any], found: Mapping[str, Any], task: str) -> Sample:
    """How near the answers come to the expected ones: cosines of what was read, and the share of right captions.

    Of photos none of which was read there is nothing to tell.
    """
    if not len(found["names"]):
        return {}
    place = {name: number for number, name in enumerate(expected["names"])}
    order = [place[name] for name in found["names"]]
    cosines = (expected["vectors"][order] * found["vectors"]).sum(axis=1) / np.linalg.norm(found["vectors"], axis=1)
    told = {"median_cosine": round(float(np.median(cosines)), 5), "min_cosine": round(float(cosines.min()), 5)}
    if task != CAPTIONS:
        return told
    right = int((expected["captions"][order] == found["captions"]).sum())
    return told | {"captions_right": round(right / len(expected["names"]), 4)}


if __name__ == "__main__":
    typer.run(main)
