"""Names of any bytes, paths of any length, words and times that no database takes: each is one file like any other."""

import os
import random
from pathlib import Path

import pytest

from resources.library.batching import Outcome
from resources.library.scan import walk

from .conftest import Shelf

ANY_BYTES = [bytes([byte]) * 2 for byte in range(1, 256) if byte not in b"./"]
ODD_NAMES = [b"%s%(name)s", b"' OR 1=1 --", b'"', b"\\x00\\", b"\xed\xa0\x80", b"\xff\xfe", "é".encode(), b"{}:a"]


def deep_folder(root: Path, length: int) -> bytes:
    """Make a folder whose path has this many bytes; random ones, which no index can compress."""
    randomly, path = random.Random(7), bytes(root)
    while len(path) < length:
        size = min(200, length - len(path) - 1)
        path += b"/" + bytes(randomly.choice(range(0x80, 0x100)) for _ in range(size))
    Path(os.fsdecode(path)).mkdir(parents=True)
    return path


def put(path: bytes) -> bytes:
    with open(path, "wb") as file:
        file.write(path)
    return path


def members(shelf: Shelf, batch: str) -> list[bytes]:
    return [member.path for member in shelf.ledger.members(batch)]


def test_names_of_any_bytes_are_taken_in_byte_order_and_told(shelf: Shelf) -> None:
    paths = [put(bytes(shelf.root) + b"/" + name + b".jpg") for name in ANY_BYTES + ODD_NAMES]

    (batch,) = shelf.cut(1_000)
    rows = shelf.run(batch)

    assert members(shelf, batch) == sorted(paths)
    assert shelf.ledger.counts()["ok"] == len(paths)
    ids = [str(row["photo_id"]) for row in rows]
    assert list(shelf.ledger.paths_of(ids).values()) == [
        [path.decode("utf-8", "backslashreplace")] for path in sorted(paths)
    ]
    assert shelf.look().unchanged == len(paths)


def test_paths_of_four_thousand_bytes_are_known_each_once(shelf: Shelf) -> None:
    """They have more bytes in common than PostgreSQL can index, and differ in the last."""
    folder = deep_folder(shelf.root, 4_000)
    paths = [put(folder + name) for name in (b"/a.jpg", b"/b.jpg", b"/c.jpg")]

    batch = shelf.cut_one()
    shelf.run(batch)

    assert members(shelf, batch) == sorted(paths)
    assert shelf.look().unchanged == 3
    Path(os.fsdecode(paths[0])).unlink()
    Path(os.fsdecode(paths[1])).rename(os.fsdecode(folder + b"/d.jpg"))
    seen = shelf.look()
    assert (seen.moved, seen.missing) == (1, 1)
    put(folder + b"/e.jpg")
    assert members(shelf, shelf.cut_one()) == [folder + b"/e.jpg"]


def test_a_walk_in_portions_compares_long_paths_with_the_right_ones(shelf: Shelf) -> None:
    folder = deep_folder(shelf.root, 3_900)
    paths = sorted(put(folder + b"/%03d.jpg" % number) for number in range(9))
    shelf.run(shelf.cut_one())

    look = shelf.ledger.begin_look(bytes(shelf.root), 1, now=5_000)
    seen = [shelf.ledger.observe(look, portion, now=5_000) for portion in walk(shelf.root, portion_size=2)]

    assert [portion.unchanged for portion in seen] == [2, 2, 2, 2, 1]
    assert shelf.ledger.end_look(look, now=5_000)[0].missing == 0
    assert len(paths) == shelf.ledger.counts()["ok"]


def test_a_message_that_quotes_a_files_bytes_is_written_down(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    (row,) = shelf.identify(batch)

    shelf.ledger.finish_batch(batch, [Outcome(str(row["photo_id"]), "failed", "corrupt", "tag '\0\udcff' is %s odd")])

    (failure,) = shelf.ledger.failures()
    assert failure["error_message"] == "tag '\\x00\\udcff' is %s odd"


def test_a_modification_time_beyond_64_bits_stops_no_look(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    os.utime(path, (2**34 - 1, 2**34 - 1))  # the year 2514; a disk that cannot tell it keeps the latest that it can
    if path.stat().st_mtime_ns < 2**63:
        pytest.skip("this disk knows no such year")
    shelf.put("b.jpg", b"xx")

    rows = shelf.run(shelf.cut_one())

    assert rows[0]["mtime_ns"] == 2**63 - 1
    assert shelf.ledger.counts()["ok"] == 2
