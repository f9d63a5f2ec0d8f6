"""The peers that are measured beside ours, and what is made of their raw samples."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.peers import agreement
from benchmarks.peers_choice import CAPTIONS, COURSES, JPEG, MIXED, OURS, RAW, VECTORS, ways
from benchmarks.peers_opening import opened
from benchmarks.peers_plain import Models, run
from benchmarks.peers_tables import peers_lines
from benchmarks.peers_task import Task, even_batch
from benchmarks.readme_tables import beside_peers_lines
from photo_assets.demo.files import EXTENSIONS
from photo_assets.demo.library import DemoPhoto, library_scenes, write_photo
from resources.inference.checkpoints import checkpoints


@pytest.fixture
def truth(tmp_path: Path) -> dict[str, str]:
    """The true captions of a photo of each format, which lie in a folder with a file that is none."""
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    captions = {}
    for scene, (photo_format, extension) in zip(library_scenes(4, seed=11), EXTENSIONS.items(), strict=True):
        photo = DemoPhoto(tmp_path / f"{photo_format}.{extension}", scene.caption, photo_format)
        write_photo(photo, scene)
        captions[photo.path.name] = scene.caption
    return captions


# The DataLoader's workers are forked before the models have computed anything.
@pytest.mark.filterwarnings("ignore:rawpy is being used in a process created by multiprocessing:RuntimeWarning")
def test_the_plain_way_describes_every_photo_that_can_be_read(truth, tmp_path, tmp_path_factory, capsys):
    clip, blip = (Path(each.location) for each in checkpoints("small"))
    scratch = tmp_path_factory.mktemp("scratch")
    run(Task(tmp_path, scratch, "small", Path(), clip, blip, Path(), captions=True, half=False, began=0.0), opened)
    sample = json.loads(capsys.readouterr().out.splitlines()[-1])
    found = np.load(sample["answers"])
    assert dict(zip(found["names"].tolist(), found["captions"].tolist(), strict=True)) == truth
    assert sample["read"] == 4
    np.testing.assert_allclose(np.linalg.norm(found["vectors"], axis=1), 1, atol=1e-5)
    assert (scratch / "qdrant").is_dir()


# The DataLoader's workers are forked before the models have computed anything.
@pytest.mark.filterwarnings("ignore:rawpy is being used in a process created by multiprocessing:RuntimeWarning")
def test_every_worker_of_the_plain_way_opens_some_of_the_photos_of_one_batch(truth, tmp_path, tmp_path_factory):
    clip, blip = (Path(each.location) for each in checkpoints("small"))
    workers = tmp_path_factory.mktemp("workers")

    def noted(path: Path) -> Image.Image:
        (workers / str(os.getpid())).touch()
        return opened(path)

    models = Models(Task(tmp_path, Path(), "small", Path(), clip, blip, Path(), captions=False, half=False, began=0.0))
    ((names, vectors, _),) = models.answers([tmp_path / name for name in truth], noted, workers=2)
    assert len(names) == len(vectors) == len(truth)
    assert len(list(workers.iterdir())) == 2


def test_a_task_arrives_as_it_was_told(tmp_path, monkeypatch):
    told = Task(Path("a b"), tmp_path / "new", "small", *map(Path, "mcbp"), captions=True, half=False, began=1.5)
    monkeypatch.setattr("sys.argv", ["way", told.on_command_line()])
    assert Task.asked() == told
    assert told.scratch.is_dir()


def test_every_task_of_a_course_ends_with_ours():
    for course in COURSES:
        gone = list(ways(course, has_half=True))
        assert [way.task for way in gone if way == OURS[way.task]] == list(course.tasks)
        assert gone[-1] == OURS[course.tasks[-1]]


def test_nobody_is_asked_for_photos_of_which_it_reads_none():
    raw = next(course for course in COURSES if course.kind == RAW)
    assert "clip-retrieval" not in {way.title for way in ways(raw, has_half=True)}
    assert not any(way.half for way in ways(raw, has_half=False))


def test_answers_are_compared_by_photo_and_a_photo_not_read_has_no_right_caption():
    expected = {"names": np.array(["a", "b"]), "vectors": np.eye(2), "captions": np.array(["one", "two"])}
    turned = {name: values[::-1] for name, values in expected.items()}
    assert agreement(expected, turned, CAPTIONS) == {"median_cosine": 1.0, "min_cosine": 1.0, "captions_right": 1.0}
    half = {name: values[1:] for name, values in expected.items()}
    assert agreement(expected, half, CAPTIONS)["captions_right"] == 0.5
    askew = half | {"vectors": np.array([[3.0, 4.0]])}
    assert agreement(expected, askew, VECTORS) == {"median_cosine": 0.8, "min_cosine": 0.8}


def test_a_way_that_has_not_read_every_photo_is_not_compared_with_ours():
    once = [_sample("slow", 24.0), _sample("blind", 8.0, read=4), _sample(OURS[VECTORS].title, 12.0)]
    twice = [each | {"wall_s": 10 * each["wall_s"], "alone_s": 10 * each["alone_s"]} for each in once]
    ours = OURS[VECTORS].title
    assert peers_lines([*once, *twice, *once])[-3:] == [
        "| slow | 10 | 24.0 | 4.0 | 0.45 | 2.00 | 2.50 | 100 | 1.0000, 0.5000 | - | 24.0, 240.0, 24.0 |",
        "| blind | 4 | 8.0 | 4.0 | 0.75 | - | - | 100 | 1.0000, 0.5000 | - | 8.0, 80.0, 8.0 |",
        f"| {ours} | 10 | 12.0 | 4.0 | 1.12 | 1.00 | 1.00 | 100 | 1.0000, 0.5000 | - | 12.0, 120.0, 12.0 |",
    ]


def test_where_one_photo_takes_nearly_as_long_as_all_of_them_nothing_is_made_of_the_rest():
    lines = peers_lines([_sample("mostly imports", 5.0), _sample(OURS[VECTORS].title, 12.0)])
    assert lines[-2].startswith("| mostly imports | 10 | 5.0 | 4.0 | - | 0.42 | - | 100 |")


def test_the_readme_has_the_vectors_of_large_jpegs_and_of_small_pictures():
    ways = [_sample("blind", 8.0, read=4), _sample("imports", 5.0), _sample(OURS[VECTORS].title, 12.0)]
    large = [sample | {"kind": JPEG, "read": 10} for sample in ways]
    others = [ways[2] | other for other in ({"kind": RAW}, {"task": CAPTIONS}, {"family": "full size"})]
    assert beside_peers_lines([*others, *ways, *large]) == [
        f"| way | 10 photos, {JPEG}: s | photos/s after the first | 10 photos, mixed: s | photos/s after the first |",
        "| --- | --: | --: | --: | --: |",
        "| blind | 8.0 | 2.2 | does not read all | - |",
        "| imports | 5.0 | - | 5.0 | - |",
        f"| {OURS[VECTORS].title} | 12.0 | 1.1 | 12.0 | 1.1 |",
    ]


def test_a_way_that_has_read_nothing_has_no_figures_of_what_it_found():
    nothing = {"names": np.array([], str), "vectors": np.empty((0, 2)), "captions": np.array([], str)}
    assert agreement({"names": np.array(["a"]), "vectors": np.eye(2)[:1]}, nothing, VECTORS) == {}
    blind = {name: value for name, value in _sample("blind", 9.0, read=0).items() if "cosine" not in name}
    lines = peers_lines([blind, _sample(OURS[VECTORS].title, 12.0)])
    assert lines[-2] == "| blind | 0 | 9.0 | 4.0 | - | - | - | 100 | - | - | 9.0 |"


def test_every_worker_has_its_share_of_the_batches_however_few_photos_there_are():
    assert [even_batch(photos, 2, 32) for photos in (1, 8, 20, 100, 200)] == [1, 4, 10, 25, 25]


def _sample(way: str, wall_s: float, read: int = 10) -> dict[str, Any]:
    about = {"kind": MIXED, "photos": 10, "family": "small", "task": VECTORS, "way": way, "alone_s": 4.0}
    return about | {"wall_s": wall_s, "read": read, "peak_mb": 100, "median_cosine": 1.0, "min_cosine": 0.5}
