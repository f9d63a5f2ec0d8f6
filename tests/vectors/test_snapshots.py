"""Snapshots: what goes in comes out, what differs is told, and no archive can write where it likes."""

import gzip
import io
import os
import tarfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from resources.vectors import archives, snapshots
from resources.vectors.contents import points_of
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import DamagedSnapshot, IndexRejected, SnapshotDiffers
from resources.vectors.port import Point, VectorIndex

from .samples import DIMENSIONS, OTHER_VERSION, VERSION, payload, point, point_id, unit
from .test_embedded import run_until_killed


def captioned(number: int) -> Point:
    """Photo `number` with the vector of a caption, unless it is even."""
    return Point(point_id(number), unit(1, number), payload(number), unit(0, 1, number) if number % 2 else None)


def whole(index: VectorIndex, version: str) -> list[tuple[str, dict, bytes, bytes | None]]:
    """All that a version holds."""
    points = (point for chunk in points_of(index, version) for point in chunk)
    return [
        (p.point_id, p.payload, p.vector.tobytes(), None if p.caption_vector is None else p.caption_vector.tobytes())
        for p in points
    ]


# Packing the embedded engine's files takes a second: what is the same for both engines is shown with the server's.
ON_SERVER = pytest.mark.parametrize("reopen", ["server"], indirect=True)


@pytest.fixture
def filled(index: VectorIndex) -> VectorIndex:
    index.upsert(VERSION, [captioned(number) for number in range(30)])
    return index


def test_a_snapshot_restored_has_every_id_payload_and_vector(filled: VectorIndex, tmp_path: Path) -> None:
    expected = whole(filled, VERSION)
    taken = snapshots.take(filled, VERSION, tmp_path / "kept")
    assert (taken.version, taken.points, taken.size_bytes) == (VERSION, 30, taken.path.stat().st_size)
    assert snapshots.version_in(taken.path) == VERSION
    filled.delete(VERSION, [point_id(1)])
    filled.upsert(VERSION, [point(2), point(99)])
    filled.restore(VERSION, taken.path)
    assert whole(filled, VERSION) == expected
    filled.restore(OTHER_VERSION, taken.path)
    assert whole(filled, OTHER_VERSION) == expected
    assert filled.versions() == sorted([VERSION, OTHER_VERSION]), "what was made to prove it is gone"


@ON_SERVER
def test_a_snapshot_that_lacks_a_point_or_has_another_payload_or_vector_is_refused(
    filled: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = type(filled).snapshot
    for spoil in (
        lambda index: index.delete(VERSION, [point_id(3)]),
        lambda index: index.set_payload(VERSION, {point_id(3): {"caption": "another"}}),
        lambda index: index.upsert(
            VERSION, [Point(point_id(3), unit(0, 0, 1), payload(3), captioned(3).caption_vector)]
        ),
        lambda index: index.upsert(VERSION, [Point(point_id(3), captioned(3).vector, payload(3), None)]),
    ):

        def dishonest(index: VectorIndex, version: str, folder: Path, spoil: Callable = spoil) -> Path:
            spoil(index)
            archive = honest(index, version, folder)
            index.upsert(version, [captioned(3)])
            return archive

        monkeypatch.setattr(type(filled), "snapshot", dishonest)
        with pytest.raises(SnapshotDiffers, match=point_id(3)) as caught:
            snapshots.take(filled, VERSION, tmp_path / "kept")
        assert caught.value.point_ids == [point_id(3)]
        assert snapshots.snapshots(tmp_path / "kept", VERSION) == []
    assert filled.versions() == [VERSION]


@ON_SERVER
def test_what_is_written_while_a_snapshot_is_taken_does_not_spoil_it(
    filled: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = type(filled).snapshot

    def busy(index: VectorIndex, version: str, folder: Path) -> Path:
        index.upsert(version, [captioned(100)])
        archive = honest(index, version, folder)
        index.upsert(version, [captioned(101)])
        index.delete(version, [point_id(0)])
        return archive

    monkeypatch.setattr(type(filled), "snapshot", busy)
    assert snapshots.take(filled, VERSION, tmp_path / "kept").points == 31


@ON_SERVER
def test_the_latest_snapshots_of_a_version_are_kept_and_those_of_others_left_alone(
    filled: VectorIndex, tmp_path: Path
) -> None:
    names = [f"{VERSION}-2026010{day}T000000Z.tar.gz" for day in range(1, 5)]
    other = [f"{VERSION}-b-20200101T000000Z.tar.gz", "notes.txt"]
    for name, age_s in ((".unproven-killed", 90_000), (".unproven-another", 10)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    for name in names + other:
        (tmp_path / name).write_text("older")
    taken = snapshots.take(filled, VERSION, tmp_path, keep=2)
    assert [path.name for path in snapshots.snapshots(tmp_path, VERSION)] == [names[-1], taken.path.name]
    assert all((tmp_path / name).exists() for name in other)
    assert [path.name for path in tmp_path.glob(".unproven-*")] == [".unproven-another"]


def test_a_file_that_is_no_snapshot_is_refused_and_the_version_stays(filled: VectorIndex, tmp_path: Path) -> None:
    expected = whole(filled, VERSION)
    (tmp_path / "a.tar.gz").write_bytes(b"no snapshot at all")
    with pytest.raises((DamagedSnapshot, IndexRejected)):
        filled.restore(VERSION, tmp_path / "a.tar.gz")
    assert whole(filled, VERSION) == expected


def member(
    name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", **more: object
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for field, value in more.items():
        setattr(info, field, value)
    return info, content


GOOD = [
    member("v", tarfile.DIRTYPE),
    member("v/version.json", content=b'{"dimensions": 8}'),
    member("v/shard", tarfile.DIRTYPE),
]
HOSTILE = {
    "a path with ..": member("v/../../escaped", content=b"x"),
    "a path that begins with ..": member("../escaped", content=b"x"),
    "an absolute path": member("/tmp/escaped", content=b"x"),
    "a file beside the folder": member("escaped", content=b"x"),
    "a symbolic link": member("v/shard/link", tarfile.SYMTYPE, linkname="/etc"),
    "a file through a link": member("v/shard/link", tarfile.SYMTYPE, linkname="../.."),
    "a hard link": member("v/shard/link", tarfile.LNKTYPE, linkname="/etc/passwd"),
    "a device": member("v/shard/null", tarfile.CHRTYPE),
    "a pipe": member("v/shard/pipe", tarfile.FIFOTYPE),
    "one file twice": member("v/version.json", content=b'{"dimensions": 9}'),
    "more bytes than any disk has": member("v/shard/huge", size=1 << 60),
    "no number of dimensions": member("v/shard/x", content=b"x"),
}


def archive_of(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content) if len(content) == info.size else None)
    return path


@pytest.mark.parametrize("what", HOSTILE)
def test_an_archive_that_packing_would_not_have_written_is_refused_whole(tmp_path: Path, what: str) -> None:
    good = (
        GOOD
        if what != "no number of dimensions"
        else [GOOD[0], member("v/version.json", content=b'{"dimensions": "8"}'), GOOD[2]]
    )
    archive = archive_of(tmp_path / "v.tar.gz", [*good, HOSTILE[what]])
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as index:
        with pytest.raises(DamagedSnapshot):
            index.restore(VERSION, archive)
        assert index.versions() == []
    assert not Path("/tmp/escaped").exists()
    written = {path.name for path in tmp_path.rglob("*")}
    assert written <= {"v.tar.gz", "index", "versions", "locks", f"{VERSION}.lock", f"{VERSION}.lock.turn"}


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_is_not_taken_into_memory_whatever_its_size(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("v")
    info.type, info.size = kind, 6 << 30
    (tmp_path / "v.tar.gz").write_bytes(
        gzip.compress(info.tobuf(tarfile.USTAR_FORMAT if kind == b"x" else tarfile.GNU_FORMAT))
    )
    (tmp_path / "target").mkdir()
    with pytest.raises(DamagedSnapshot, match="header of"):
        archives.unpack(tmp_path / "v.tar.gz", tmp_path / "target")


def test_an_archive_cut_off_or_changed_anywhere_is_refused(tmp_path: Path) -> None:
    folder, archive = tmp_path / VERSION, tmp_path / "a.tar.gz"
    (folder / "shard").mkdir(parents=True)
    (folder / "version.json").write_text('{"dimensions": 8}')
    (folder / "shard" / "segment").write_bytes(os.urandom(100_000))
    archives.pack(folder, archive)
    content = archive.read_bytes()
    middle = len(content) // 2
    wrong = (content[:middle], content[:-8], content[:middle] + bytes(64) + content[middle + 64 :], content + content)
    for number, damaged in enumerate((*wrong, content)):
        archive.write_bytes(damaged)
        (tmp_path / str(number)).mkdir()
        with nullcontext() if damaged is content else pytest.raises(DamagedSnapshot):
            assert archives.unpack(archive, tmp_path / str(number)) == DIMENSIONS


def test_an_archive_whose_shard_the_engine_cannot_open_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "v.tar.gz", [*GOOD, member("v/shard/edge_config.json", content=b"{")])
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as index, pytest.raises(DamagedSnapshot):
        index.restore(VERSION, archive)
    assert list((tmp_path / "index" / "versions").iterdir()) == []


def test_a_restore_without_room_leaves_the_version_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(tmp_path / "v.tar.gz", [*GOOD, member("v/shard/segment", content=bytes(1000))])
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as index:
        monkeypatch.setattr(archives.shutil, "disk_usage", lambda folder: SimpleNamespace(free=999))
        with pytest.raises(OSError, match="No space left"):
            index.restore(VERSION, archive)
        assert index.versions() == []
    assert list((tmp_path / "index" / "versions").iterdir()) == []


def test_a_restore_killed_before_its_last_step_leaves_the_version_as_it_was(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(1)])
        archive = index.snapshot(VERSION, tmp_path / "kept")
        index.upsert(VERSION, [point(2)])
    run_until_killed(tmp_path, f"layout.Layout.replace = die; index.restore(VERSION, Path({str(archive)!r}))")
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        assert index.versions() == [VERSION] and index.count(VERSION) == 2
        index.restore(VERSION, archive)
        assert index.count(VERSION) == 1
    assert [path.name for path in (tmp_path / "versions").iterdir()] == [VERSION]


def test_the_names_of_snapshots_tell_their_version(tmp_path: Path) -> None:
    told = [f"{VERSION}.tar.gz", f"{VERSION}-20261123T030000Z.snapshot", "holiday.jpg"]
    assert [snapshots.version_in(tmp_path / name) for name in told] == [VERSION, VERSION, None]
