"""Which photo a file holds, and what becomes of a file that is no longer the one the scan saw."""

import hashlib
import os
from pathlib import Path

import pytest

from resources.library import identity
from resources.library.identity import PHOTO_NAMESPACE, Member, identify, photo_id
from resources.library.scan import signature

from .conftest import Shelf


def member(path: Path | bytes, position: int = 0) -> Member:
    return Member(position, os.fsencode(path), signature(os.lstat(path)))


def identify_one(found: Member) -> identity.IdentifiedFile:
    (identified,) = identify([found])
    return identified


def test_a_photo_is_named_by_its_bytes_and_nothing_else(shelf: Shelf) -> None:
    first, copy = shelf.put("a.jpg", b"bytes"), shelf.put("below/b.png", b"bytes")

    one, other = identify([member(first), member(copy, 1)])

    assert one.sha256 == hashlib.sha256(b"bytes").hexdigest()
    assert one.photo_id == other.photo_id == photo_id(one.sha256)
    assert (one.size_bytes, one.mtime_ns) == (5, first.stat().st_mtime_ns)


def test_photo_ids_are_the_same_for_ever() -> None:
    assert str(PHOTO_NAMESPACE) == "6f1d3c1e-52a4-5f0b-9c58-3b0a7f3f2d11"
    assert photo_id(hashlib.sha256(b"").hexdigest()) == EMPTY_PHOTO


EMPTY_PHOTO = "f272886c-8e7a-5dad-a46f-6fca672aa3cf"


def test_results_keep_their_place_when_a_middle_file_fails(shelf: Shelf) -> None:
    paths = [shelf.put(f"{number}.jpg", b"x" * (1 + number)) for number in range(9)]
    members = [member(path, position) for position, path in enumerate(paths)]
    paths[4].unlink()

    identified = list(identify(members))

    assert [file.member.position for file in identified] == list(range(9))
    expected = [hashlib.sha256(b"x" * (1 + number)).hexdigest() for number in range(9)]
    expected[4] = None
    assert [file.sha256 for file in identified] == expected
    assert identified[4].error_kind == "vanished"


def test_a_file_changed_since_the_scan_has_no_identity(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    found = member(path)
    path.write_bytes(b"xx")

    identified = identify_one(found)

    assert (identified.photo_id, identified.error_kind) == (None, "changed")


def test_a_file_that_grows_while_it_is_read_has_no_identity(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.put("a.jpg", b"x" * 100)
    found = member(path)
    real = hashlib.sha256

    def sha256() -> object:
        with path.open("ab") as file:
            file.write(b"more")
        return real()

    monkeypatch.setattr(hashlib, "sha256", sha256)

    assert identify_one(found).error_kind == "changed"


def test_names_that_are_no_text_are_identified(shelf: Shelf) -> None:
    path = os.fsencode(shelf.root) + b"/caf\xe9.jpg"
    Path(os.fsdecode(path)).write_bytes(b"x")

    assert identify_one(member(path)).photo_id


def test_a_pipe_in_the_files_place_does_not_hang(shelf: Shelf) -> None:
    os.mkfifo(shelf.root / "pipe.jpg")

    assert identify_one(member(shelf.root / "pipe.jpg")).error_kind == "not_a_file"


def test_a_link_in_the_files_place_is_not_followed(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    (shelf.root / "link.jpg").symlink_to("a.jpg")

    assert identify_one(member(shelf.root / "link.jpg")).error_kind == "unreadable"


def test_a_folder_in_the_files_place_costs_no_descriptor(shelf: Shelf) -> None:
    folder = shelf.root / "folder.jpg"
    folder.mkdir()
    before = open_descriptors()

    kinds = {file.error_kind for file in identify([member(folder)] * 20)}

    assert kinds == {"not_a_file"}
    assert open_descriptors() == before


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_an_unreadable_file_is_a_row_with_its_reason(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.put("a.jpg", b"x")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    identified = identify_one(member(path))

    assert identified.error_kind == "unreadable"
    assert identified.error_message == "Permission denied; check its permissions and its disk"
