"""A preview is there and whole, or it is not there."""

import os
import subprocess
import sys
import time

import pytest

from resources.decoding.previews import PreviewStore

PHOTO_ID = "ab12cd34-0000-5000-8000-000000000000"


def test_previews_lie_in_two_levels_of_folders(store, tmp_path):
    shard = tmp_path / "store" / "previews" / "ab" / "12"
    assert store.preview_path(PHOTO_ID) == shard / f"{PHOTO_ID}.jpg"
    assert store.thumbnail_path(PHOTO_ID) != store.preview_path(PHOTO_ID)


def test_what_is_written_can_be_read_and_replaced(store):
    assert not store.has(PHOTO_ID)
    for content in (b"first", b"second"):
        store.write(PHOTO_ID, content, b"thumbnail")
        assert store.has(PHOTO_ID)
        assert store.read_preview(PHOTO_ID) == content
    assert store.thumbnail_path(PHOTO_ID).read_bytes() == b"thumbnail"


def test_a_preview_without_its_thumbnail_is_not_there(store):
    store.write(PHOTO_ID, b"preview", b"thumbnail")
    store.thumbnail_path(PHOTO_ID).unlink()
    assert not store.has(PHOTO_ID)


@pytest.mark.parametrize("photo_id", ["", "../../etc/passwd", "abcd/..", "ABCD", "ab", "abcd\n"])
def test_an_id_that_could_leave_the_store_is_refused(store, photo_id):
    with pytest.raises(ValueError, match="not a photo id"):
        store.preview_path(photo_id)


def test_a_failed_write_leaves_the_old_preview_and_nothing_else(store, tmp_path, monkeypatch):
    store.write(PHOTO_ID, b"old", b"old")

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        store.write(PHOTO_ID, b"new", b"new")
    assert store.read_preview(PHOTO_ID) == b"old"
    assert not list((tmp_path / "store" / "unfinished").iterdir())


def test_a_writer_killed_at_any_moment_leaves_no_half_preview(tmp_path):
    program = (
        "import sys; from pathlib import Path; from resources.decoding.previews import PreviewStore\n"
        "store = PreviewStore(Path(sys.argv[1])); print('ready', flush=True)\n"
        f"while True: [store.write('{PHOTO_ID}', letter * 2_000_000, b't') for letter in (b'a', b'b')]\n"
    )
    store = PreviewStore(tmp_path)
    for delay_s in (0.01, 0.03, 0.05, 0.07, 0.09):
        with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(delay_s)
            writer.kill()
        if store.has(PHOTO_ID):
            content = store.read_preview(PHOTO_ID)
            assert content in (b"a" * 2_000_000, b"b" * 2_000_000)


def test_sweeping_takes_old_strays_only(store, tmp_path):
    unfinished = tmp_path / "store" / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "young.part").touch()
    (unfinished / "old.part").touch()
    os.utime(unfinished / "old.part", (time.time() - 7200,) * 2)
    assert store.sweep() == 1
    assert [path.name for path in unfinished.iterdir()] == ["young.part"]


def test_sweeping_a_store_that_does_not_exist_yet_does_nothing(store):
    assert store.sweep() == 0
