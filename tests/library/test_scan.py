"""Walking a root: what is a photo, what is left out, and what a look must never conclude."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.library import scan
from resources.library.errors import RootUnavailable
from resources.library.scan import Portion, signature, walk

from .conftest import Shelf


def whole(root: Path, **options: Any) -> Portion:
    """A walk over all of a small root, in one portion."""
    (portion,) = walk(root, **options)
    return portion


def names(portion: Portion, root: Path) -> list[bytes]:
    return [os.path.relpath(file.path, os.fsencode(root)) for file in portion.found]


def test_photos_are_told_by_their_extension_in_either_case(shelf: Shelf) -> None:
    for name in ("a.jpg", "b.JPEG", "c.Png", "d.dng", "e.HEIC", "f.heif", "g.hif", "h.txt", "i.jpg.part", "jpg", "k"):
        shelf.put(name, b"x")

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"a.jpg", b"b.JPEG", b"c.Png", b"d.dng", b"e.HEIC", b"f.heif", b"g.hif"]
    assert look.skipped.total() == 4


def test_found_files_are_absolute_and_carry_what_stat_says(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.put("below/a.jpg", b"abc")
    monkeypatch.chdir(shelf.root.parent)

    (file,) = whole(Path("photos")).found

    stat = path.stat()
    assert file.path == os.fsencode(path)
    assert (file.size_bytes, file.mtime_ns, file.signature) == (3, stat.st_mtime_ns, signature(stat))


def test_hidden_and_system_folders_and_hidden_files_are_left_out(shelf: Shelf) -> None:
    for folder in (".thumbnails", "@eaDir", "#recycle", "lost+found", "kept"):
        shelf.put(f"{folder}/a.jpg", b"x")
    shelf.put("._a.jpg", b"x")
    shelf.put(".hidden.jpg", b"x")

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"kept/a.jpg"]
    assert look.skipped.total() == 2


def test_our_own_state_is_left_out(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.put("photo-data/previews/b.jpg", b"x")
    shelf.put("photo-data-of-mine/c.jpg", b"x")

    look = whole(shelf.root, without=shelf.root / "photo-data")

    assert names(look, shelf.root) == [b"a.jpg", b"photo-data-of-mine/c.jpg"]


def test_links_are_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("a.jpg", b"x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.jpg").write_bytes(b"x")
    (shelf.root / "loop").symlink_to(shelf.root)
    (shelf.root / "outside").symlink_to(tmp_path / "elsewhere")
    (shelf.root / "link.jpg").symlink_to(shelf.root / "a.jpg")
    (shelf.root / "dangling.jpg").symlink_to(shelf.root / "nothing")

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"a.jpg"]
    assert look.skipped.total() == 4


def test_pipes_sockets_and_folders_named_like_photos_are_no_photos(shelf: Shelf) -> None:
    os.mkfifo(shelf.root / "pipe.jpg")
    shelf.put("folder.jpg/inside.jpg", b"x")

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"folder.jpg/inside.jpg"]
    assert look.skipped.total() == 1


def test_names_that_are_no_text_are_found_as_they_are(shelf: Shelf) -> None:
    Path(os.fsdecode(os.fsencode(shelf.root) + b"/caf\xe9.jpg")).write_bytes(b"x")
    shelf.put("new\nline.jpg", b"x")

    assert names(whole(shelf.root), shelf.root) == [b"caf\xe9.jpg", b"new\nline.jpg"]


@pytest.mark.parametrize("kind", ["absent", "a file"])
def test_a_root_that_cannot_be_listed_is_unavailable_and_not_empty(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "nas"
    if kind == "a file":
        root.write_bytes(b"")

    with pytest.raises(RootUnavailable, match="PHOTO_LIBRARY") as raised:
        whole(root)

    assert raised.value.root == os.fsencode(root)
    assert raised.value.retryable


def test_a_folder_that_cannot_be_listed_is_told_and_the_rest_is_found(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("locked/a.jpg", b"x")
    shelf.put("open/b.jpg", b"x")
    lock(monkeypatch, shelf.root / "locked")

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"open/b.jpg"]
    assert look.unreadable == [os.fsencode(shelf.root / "locked")]


def test_a_file_that_cannot_be_looked_at_does_not_make_the_library_unavailable(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("a.jpg", b"x")
    bad = os.fsencode(shelf.put("bad.jpg", b"x"))
    monkeypatch.setattr(scan, "_found", failing_for(bad, scan._found))

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"a.jpg"]
    assert look.unreadable == [bad]


def test_a_file_that_goes_during_the_look_is_just_not_found(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("a.jpg", b"x")
    gone = shelf.put("b.jpg", b"x")
    real = os.scandir

    def listing_then_removing(folder: bytes) -> Iterator[os.DirEntry[bytes]]:
        entries = list(real(folder))
        gone.unlink(missing_ok=True)
        return iter(entries)

    monkeypatch.setattr(os, "scandir", listing_then_removing)

    look = whole(shelf.root)

    assert names(look, shelf.root) == [b"a.jpg"]
    assert look.unreadable == []


def lock(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder one that cannot be listed; permissions do not stop root, who may run the tests."""
    real, locked = os.scandir, os.fsencode(folder)

    def scandir(path: bytes) -> Iterator[os.DirEntry[bytes]]:
        if path == locked:
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def failing_for(path: bytes, real: object) -> object:
    def found(entry: os.DirEntry[bytes], sidecars: object) -> object:
        if entry.path == path:
            raise OSError(5, "Input/output error")
        return real(entry, sidecars)

    return found
