"""Originals are opened read-only, once, and only when they are what they were."""

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.decoding.errors import (
    ChangedError,
    EmptyError,
    NotAFileError,
    TooLargeError,
    UnreadableError,
    VanishedError,
)
from resources.decoding.originals import read_original

CONTENT = b"some bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def once_looked_at(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Return a way to do something to a file between the reader's look at it and its reading."""
    look = os.fstat

    def do(deed: Callable[[], object]) -> None:
        deeds = [deed]

        def look_and_do(descriptor: int) -> os.stat_result:
            status = look(descriptor)
            while deeds:
                deeds.pop()()
            return status

        monkeypatch.setattr(os, "fstat", look_and_do)

    return do


def read(path: Path | bytes, max_file_bytes: int = 100) -> bytes:
    return read_original(os.fsencode(path), SHA256, max_file_bytes)


def test_a_regular_file_is_read_whole_and_left_as_it_was(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(CONTENT)
    before = path.stat()
    assert read(path) == CONTENT
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_ino) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_ino,
    )


def test_a_name_that_is_not_text_is_a_name(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.jpg"
    Path(os.fsdecode(path)).write_bytes(CONTENT)
    assert read(path) == CONTENT


def test_a_file_that_changed_after_hashing_is_not_decoded(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(ChangedError):
        read(path)


def test_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "real.jpg").write_bytes(CONTENT)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    with pytest.raises(NotAFileError, match="symbolic link"):
        read(tmp_path / "link.jpg")


def test_a_named_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(NotAFileError, match="named pipe"):
        read(tmp_path / "pipe.jpg")


def test_a_folder_named_like_a_photo_is_not_a_file(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(NotAFileError, match="folder"):
        read(tmp_path / "folder.jpg")


def test_a_missing_file_has_vanished(tmp_path):
    with pytest.raises(VanishedError):
        read(tmp_path / "gone.jpg")
    (tmp_path / "file").touch()
    with pytest.raises(VanishedError):
        read(tmp_path / "file" / "a.jpg")


def test_an_impossible_path_is_unreadable():
    with pytest.raises(UnreadableError):
        read(b"/nul\0byte.jpg")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_unreadable(tmp_path):
    (tmp_path / "a.jpg").write_bytes(CONTENT)
    (tmp_path / "a.jpg").chmod(0)
    with pytest.raises(UnreadableError):
        read(tmp_path / "a.jpg")


def test_an_empty_file_is_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(EmptyError):
        read(tmp_path / "a.jpg")


def test_a_file_over_the_limit_is_not_read(tmp_path):
    (tmp_path / "a.jpg").write_bytes(CONTENT)
    with pytest.raises(TooLargeError, match="max_file_bytes"):
        read(tmp_path / "a.jpg", max_file_bytes=len(CONTENT) - 1)


@pytest.mark.parametrize("device", [b"/dev/null", b"/dev/zero"])
def test_a_device_is_not_a_file_and_is_not_read(device):
    with pytest.raises(NotAFileError, match="device"):
        read(device)


def test_a_socket_is_not_a_file(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.jpg"))
        with pytest.raises(NotAFileError, match="socket"):
            read(tmp_path / "s.jpg")


def test_a_file_that_grows_while_it_is_read_has_changed(tmp_path, once_looked_at):
    path = tmp_path / "a.jpg"
    path.write_bytes(CONTENT)
    once_looked_at(lambda: path.write_bytes(CONTENT + b"more"))
    with pytest.raises(ChangedError):
        read(path)


def test_a_file_that_is_cut_while_it_is_read_has_changed(tmp_path, once_looked_at):
    path = tmp_path / "a.jpg"
    path.write_bytes(CONTENT)
    once_looked_at(lambda: os.truncate(path, 3))
    with pytest.raises(ChangedError):
        read(path)


def test_a_file_that_is_replaced_by_a_link_once_it_is_open_is_still_the_one_that_is_read(tmp_path, once_looked_at):
    path, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    path.write_bytes(CONTENT)
    other.write_bytes(b"something else")

    def swap() -> None:
        path.unlink()
        path.symlink_to(other)

    once_looked_at(swap)
    assert read(path) == CONTENT
    with pytest.raises(NotAFileError, match="symbolic link"):
        read(path)


def test_a_folder_that_is_replaced_by_a_link_to_other_photos_gives_none_of_them(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.jpg").write_bytes(b"something else")
    (tmp_path / "real").rmdir()
    (tmp_path / "real").symlink_to(tmp_path / "secret")
    with pytest.raises(ChangedError):
        read(tmp_path / "real" / "a.jpg")
