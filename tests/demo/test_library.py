"""A library is a function of its seed, grows without changing, and never holds half a photo."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from photo_assets.demo import library as library_module
from photo_assets.demo.files import FORMATS
from photo_assets.demo.library import DemoPhoto, generate_library, library_scenes, write_photo, write_whole
from photo_assets.demo.painting import paint

from .conftest import PHOTOS, SEED

Library = tuple[Path, list[DemoPhoto]]
COMMAND = [sys.executable, "-m", "photo_assets.demo.library", "--photos", str(PHOTOS), "--seed", str(SEED), "--to"]


def contents(directory: Path) -> dict[str, bytes]:
    """The bytes of every file that is not hidden, by its path below the directory."""
    files = (path for path in directory.rglob("[!.]*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def test_the_same_seed_gives_the_same_scenes_and_pixels():
    scenes = library_scenes(5, SEED)
    assert scenes == library_scenes(5, SEED)
    assert scenes != library_scenes(5, SEED + 1)
    assert np.array_equal(paint(scenes[4], 64), paint(library_scenes(5, SEED)[4], 64))


def test_the_same_seed_gives_the_same_files(library: Library, tmp_path: Path):
    _, photos = library
    for photo, scene in zip(photos[: len(FORMATS)], library_scenes(PHOTOS, SEED), strict=False):
        again = DemoPhoto(tmp_path / photo.path.name, photo.caption, photo.format)
        write_photo(again, scene)
        assert again.path.read_bytes() == photo.path.read_bytes(), photo.format


@pytest.mark.parametrize("more", [9, 700, 2000])
def test_a_larger_library_contains_the_smaller_one(more: int):
    assert library_scenes(more, SEED)[:PHOTOS] == library_scenes(PHOTOS, SEED)
    assert library_scenes(more + 1, SEED)[:more] == library_scenes(more, SEED)


def test_every_subject_has_its_own_caption_and_none_comes_again_before_all_were_there():
    scenes = library_scenes(500, SEED)
    assert len({scene.subject for scene in scenes}) == len({scene.caption for scene in scenes}) == 500


def test_the_second_run_paints_and_writes_no_photo(library: Library, monkeypatch: pytest.MonkeyPatch):
    directory, photos = library
    before = {photo.path: photo.path.stat().st_mtime_ns for photo in photos}
    monkeypatch.setattr(library_module, "ProcessPoolExecutor", None)
    assert generate_library(directory, PHOTOS, SEED) == photos
    assert {photo.path: photo.path.stat().st_mtime_ns for photo in photos} == before


def test_the_directory_holds_the_photos_only_and_the_truth_lies_beside_it(library: Library):
    directory, photos = library
    assert {path for path in directory.rglob("*") if path.is_file()} == {photo.path for photo in photos}
    rows = [json.loads(line) for line in (directory.parent / "truth.jsonl").read_text().splitlines()]
    assert [(directory / row["path"], row["caption"], row["format"]) for row in rows] == [
        (photo.path, photo.caption, photo.format) for photo in photos
    ]


def test_an_interrupted_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "IMG_0000.jpg", b"photo")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_leaves_whole_photos_only_and_the_next_run_adds_the_rest(library: Library, tmp_path: Path):
    whole, directory = contents(library[0]), tmp_path / "library"
    run = subprocess.Popen([*COMMAND, str(directory)], start_new_session=True)
    while not contents(directory) and run.poll() is None:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    left = contents(directory)
    assert 0 < len(left) < PHOTOS
    assert left.items() <= whole.items()
    generate_library(directory, PHOTOS, SEED)
    assert contents(directory) == whole


def test_the_command_makes_an_empty_library_without_heavy_imports(tmp_path: Path):
    heavy = "import sys, photo_assets.demo.library; print({'torch', 'transformers', 'dagster'} & sys.modules.keys())"
    answer = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
    subprocess.run([*COMMAND[:4], "0", "--to", str(tmp_path / "library")], check=True, capture_output=True)
    assert (tmp_path / "truth.jsonl").read_text() == ""
