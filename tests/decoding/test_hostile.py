"""All that a hostile or unlucky library can hold goes through one pool: each file has its row, the pool lives on."""

import hashlib
import os
import re
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from resources.decoding.limits import DecodingLimits
from resources.decoding.pool import DecodeRequest, DecodeResult, DecodingPool
from resources.decoding.previews import PreviewStore
from resources.decoding.worker import decode_photo

from .bombs import bombs
from .dng_samples import dng
from .samples import encode, exif, photograph, request_for

OK = frozenset({"ok"})
CUT_OFF = frozenset({"corrupt", "black_frame"})
NOT_ONE_OF_OURS = frozenset({"unsupported"})
BOMB_MEMORY_MIB = 256  # a worker with its libraries takes 70
TRUNCATED_AT = (0.05, 0.5, 0.95, 0.999)


class Outcome(NamedTuple):
    expected: frozenset[str]
    result: DecodeResult

    @property
    def found(self) -> str:
        return self.result.error_kind or self.result.status


class Seen(NamedTuple):
    outcomes: dict[str, Outcome]
    unchanged: bool
    after: DecodeResult
    stored: set[str]
    requests: dict[str, DecodeRequest]


def weigh_and_decode(request: DecodeRequest, store: PreviewStore, limits: DecodingLimits) -> DecodeResult:
    """Decode, and say instead of the decoder how many MiB the worker took at most."""
    Path("/proc/self/clear_refs").write_text("5")
    result = decode_photo(request, store, limits)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return replace(result, decoder=str(int(peak[1]) // 1024) if peak else None)


def originals() -> dict[str, bytes]:
    """Return one whole photo of each format, long enough to be cut anywhere."""
    picture = photograph(300, 200)
    return {
        "whole.jpg": encode(picture, "JPEG", exif=exif(6, make="Testmaker")),
        "whole.png": encode(picture, "PNG"),
        "whole.heic": encode(picture, "HEIF"),
        "whole.dng": dng(picture, preview_jpeg=encode(picture, "JPEG")),
    }


def corpus() -> dict[str, tuple[bytes, frozenset[str]]]:
    """Return content and expected outcomes by file name."""
    whole = originals()
    files = {name: (data, OK) for name, data in whole.items()}
    for name, data in whole.items():
        for share in TRUNCATED_AT:
            files[f"{share:.1%} of {name}"] = (data[: int(share * len(data))], CUT_OFF)
        files[f"a byte less than {name}"] = (data[:-1], CUT_OFF | OK)
        files[f"garbage behind {name}"] = (data + os.urandom(5000), OK)
        files[f"zeros from the middle of {name}"] = (
            data[: len(data) // 2].ljust(len(data), b"\0"),
            CUT_OFF | OK,  # where the zeros mean nothing, as in RAW data, they are black pixels
        )
        for other in ("jpg", "png", "heic", "dng"):
            files[f"{name} called.{other}"] = (data, OK)
    files |= {
        "empty.jpg": (b"", frozenset({"empty"})),
        "one byte.png": (b"\x89", NOT_ONE_OF_OURS),
        "zeros.heic": (bytes(100_000), NOT_ONE_OF_OURS),
        "noise.dng": (os.urandom(100_000), NOT_ONE_OF_OURS),
        "page.jpg": (b"<html><body>404</body></html>", NOT_ONE_OF_OURS),
        "animation.png": (b"GIF89a" + bytes(100), NOT_ONE_OF_OURS),
        "garbage exif.jpg": (encode(photograph(60, 40), "JPEG", exif=b"Exif\0\0II*\0" + b"\xa5" * 20_000), OK),
        "new\nline \u202e \x1b[31m.jpg": (whole["whole.jpg"], OK),
    }
    return files | bombs()


def write_all(folder: Path) -> tuple[dict[str, DecodeRequest], dict[str, frozenset[str]]]:
    """Write the corpus, and beside it what no photo should be; return the requests and what they must come to."""
    requests, expected = {}, {}
    for name, (data, outcomes) in corpus().items():
        path = folder / name
        path.write_bytes(data)
        requests[name], expected[name] = request_for(path), outcomes
    for name, outcome in strange_files(folder).items():
        path = os.fsencode(folder) + b"/" + name
        digest = hashlib.sha256(b"").hexdigest()
        key = repr(name)
        requests[key] = DecodeRequest(str(uuid.uuid5(uuid.NAMESPACE_OID, key)), path, digest)
        expected[key] = frozenset({outcome})
    return requests, expected


def strange_files(folder: Path) -> dict[bytes, str]:
    """Make a pipe, a socket, links, a folder and a file of a name that is no text; return what each must come to."""
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s.jpg"))
    (folder / "link.jpg").symlink_to("whole.jpg")
    (folder / "link to itself.jpg").symlink_to("link to itself.jpg")
    (folder / "folder.jpg").mkdir()
    (folder / "folder of a link").symlink_to(folder / "folder.jpg")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.jpg")).write_bytes(b"")
    return {
        b"pipe.jpg": "not_a_file",
        b"s.jpg": "not_a_file",
        b"link.jpg": "not_a_file",
        b"link to itself.jpg": "not_a_file",
        b"folder.jpg": "not_a_file",
        b"folder of a link": "not_a_file",
        b"../../../../../../../../../../dev/zero": "not_a_file",
        b"\xff\xfe.jpg": "empty",
        b"nul\0.jpg": "unreadable",
        b"gone.jpg": "vanished",
        b"whole.jpg/deeper.jpg": "vanished",
        b"x" * 300 + b".jpg": "unreadable",
        b"whole.png": "changed",
    }


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Take everything through one pool of two workers, then one good photo more."""
    folder = tmp_path_factory.mktemp("hostile")
    store = PreviewStore(tmp_path_factory.mktemp("store"))
    requests, expected = write_all(folder)
    before = _look(folder)
    with DecodingPool(store, DecodingLimits(deadline_s=30.0), workers=2, decode=weigh_and_decode) as pool:
        results = pool.decode(list(requests.values()))
        after = pool.decode([requests["whole.jpg"]])[0]
    outcomes = {name: Outcome(expected[name], result) for name, result in zip(requests, results, strict=True)}
    root = store.preview_path("abcd").parents[3]
    stored = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    yield Seen(outcomes, _look(folder) == before, after, stored, requests)


def _look(folder: Path) -> list[tuple[object, ...]]:
    """Return what a reader must not change: names, sizes, times and content."""
    looks: list[tuple[object, ...]] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        status = entry.stat(follow_symlinks=False)
        content = Path(entry.path).read_bytes() if entry.is_file(follow_symlinks=False) else b""
        looks.append((entry.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, content))
    return looks


def test_every_file_comes_to_a_picture_or_to_an_error_of_the_right_kind(seen):
    wrong = {name: (outcome.found, outcome.result.error_message) for name, outcome in seen.outcomes.items()
             if outcome.found not in outcome.expected}  # fmt: skip
    assert wrong == {}


def test_every_error_is_a_printable_line_that_ends_with_its_remedy(seen):
    messages = [outcome.result.error_message for outcome in seen.outcomes.values() if outcome.found != "ok"]
    assert all(message.isprintable() and message.endswith(".") and len(message) < 500 for message in messages)


def test_no_bomb_costs_more_than_a_photo(seen):
    peaks = {name: int(seen.outcomes[name].result.decoder or 0) for name in bombs()}
    assert {name: peak for name, peak in peaks.items() if not 0 < peak < BOMB_MEMORY_MIB} == {}


def test_the_pool_lives_on(seen):
    assert seen.after.status == "ok"


def test_originals_are_as_they_were(seen):
    assert seen.unchanged


def test_only_pictures_leave_files_in_the_store(seen):
    pictures = {seen.requests[name].photo_id for name, outcome in seen.outcomes.items() if outcome.found == "ok"}
    assert {Path(name).stem for name in seen.stored} == pictures
    assert len(seen.stored) == 2 * len(pictures)
