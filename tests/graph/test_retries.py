"""Failures through the real graph: what was only for a moment becomes ok, and nothing else is decoded again."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from photo_assets.settings import Settings
from photo_assets.steps import inference as inference_step
from photo_assets.steps.inference import infer
from resources.decoding.errors import CrashedError, DecodingError, UnreadableError
from resources.decoding.pool import DecodingPool
from resources.decoding.raw_policy import RawPolicy
from resources.decoding.requests import DecodeRequest, DecodeResult, failed_result
from resources.library import identity
from resources.library import ledger as ledger_module
from resources.library.retries import WAITS_S
from resources.opening import opened
from resources.tables.schema import Row
from tests.conftest import write_photo

from .test_command_line import photos as command
from .test_ingest import end_state, ingest_now


class Bench:
    """What is decoded, a clock that can be put forward, and a file that cannot be decoded as long as it is named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decoded: list[str] = []
        self.fails: dict[str, DecodingError] = {}
        self.ahead_s = 0.0
        self._real = DecodingPool.decode
        monkeypatch.setattr(DecodingPool, "decode", lambda pool, *given, **named: self._decode(pool, *given, **named))
        monkeypatch.setattr(ledger_module, "_now", lambda given: given or time.time() + self.ahead_s)

    def _decode(self, pool: DecodingPool, requests: Sequence[DecodeRequest], **named: object) -> list[DecodeResult]:
        self.decoded += [self._name(request) for request in requests]
        good = iter(self._real(pool, [each for each in requests if self._name(each) not in self.fails], **named))
        return [
            failed_result(each.photo_id, self.fails[self._name(each)]) if self._name(each) in self.fails else next(good)
            for each in requests
        ]

    @staticmethod
    def _name(request: DecodeRequest) -> str:
        return Path(request.path.decode()).name


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


@pytest.fixture
def photos(settings: Settings) -> Path:
    """Three photos and a copy of one."""
    (root,) = settings.library_roots
    for number in range(3):
        write_photo(root / f"photo-{number}.jpg", seed=number)
    (root / "photo-1 copy.jpg").write_bytes((root / "photo-1.jpg").read_bytes())
    return root


def test_a_file_that_could_not_be_opened_at_first_is_ok_after_its_retry_with_one_decode_more(
    settings: Settings, photos: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: bytes) -> object:
        if path.endswith(b"photo-2.jpg"):
            raise PermissionError(13, "Permission denied")
        return opened(path)

    with monkeypatch.context() as patched:
        patched.setattr(identity, "opened", refuse)
        assert [row["error_kind"] for row in ingest_now(settings).failures] == ["unreadable"]
    before = len(bench.decoded)

    bench.ahead_s = WAITS_S[0] + 1
    ingested = ingest_now(settings)

    assert bench.decoded[before:] == ["photo-2.jpg"]
    assert (ingested.counts["ok"], ingested.counts["duplicates"], ingested.failures) == (3, 1, [])


def test_a_photo_that_could_not_be_decoded_at_first_gets_its_point_with_all_its_paths(
    settings: Settings, photos: Path, bench: Bench
) -> None:
    for name in ("photo-1.jpg", "photo-1 copy.jpg"):
        bench.fails[name] = UnreadableError("Input/output error")
    assert ingest_now(settings).counts["failed"] == 2
    assert ingest_now(settings).batches == []
    bench.fails.clear()
    before = len(bench.decoded)

    bench.ahead_s = WAITS_S[0] + 1
    ingested = ingest_now(settings)

    assert len(bench.decoded) == before + 1
    assert (ingested.counts["ok"], ingested.counts["duplicates"], ingested.counts["failed"]) == (3, 1, 0)
    points = end_state(settings)["points"]
    assert isinstance(points, dict)
    paths = [[Path(path).name for path in payload["paths"]] for payload in points.values()]
    assert ["photo-1 copy.jpg", "photo-1.jpg"] in paths
    bench.ahead_s *= 1000
    assert ingest_now(settings).batches == []


def test_a_quarantined_photo_is_left_alone_until_a_person_says_otherwise(
    settings: Settings, photos: Path, bench: Bench
) -> None:
    bench.fails["photo-0.jpg"] = CrashedError("SIGSEGV")
    ingest_now(settings)
    bench.ahead_s += WAITS_S[1] + 1
    assert ingest_now(settings).counts["failed"] == 1
    assert bench.decoded.count("photo-0.jpg") == 2
    bench.fails.clear()
    bench.ahead_s += 100 * max(WAITS_S)
    assert ingest_now(settings).batches == []
    assert "next try: quarantined: with another decoder or --retry" in command("failures").stdout

    told = command("failures", "--retry", str(photos / "photo-1.jpg"))
    assert "no failures to try again" in told.stdout
    told = command("failures", "--retry", str(photos))
    assert "failed files that are due now: 1; `photos ingest` or the sensor takes them" in told.stdout

    assert ingest_now(settings).counts["ok"] == 3
    assert bench.decoded.count("photo-0.jpg") == 3
    assert "no failures" in command("failures").stdout


def test_a_caption_that_failed_is_written_again_without_decoding_or_embedding(
    settings: Settings, photos: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[bool, bool]] = []

    def refuse_first(decoded: Sequence[Row], *given: Any, embed: bool, caption: bool) -> tuple[list[Row], list[Row]]:
        embeddings, captions = infer(decoded, *given, embed=embed, caption=caption)
        asked.append((embed, caption))
        if len(asked) == 1:
            captions[0] |= {"status": "failed", "error_kind": "inference", "error_message": "no words", "caption": None}
        return embeddings, captions

    def captions() -> list[str | None]:
        points = end_state(settings)["points"]
        assert isinstance(points, dict)
        return [payload.get("caption") for payload in points.values()]

    monkeypatch.setattr(inference_step, "infer", refuse_first)
    first = ingest_now(settings)
    assert (first.counts["ok"], first.failures, captions().count(None)) == (3, [], 1)
    before = len(bench.decoded)

    bench.ahead_s = WAITS_S[1] + 1
    assert ingest_now(settings).captioned == first.batches

    assert asked == [(True, True), (False, True)]
    assert (len(bench.decoded), captions().count(None)) == (before, 0)
    bench.ahead_s *= 1000
    again = ingest_now(settings)
    assert (again.batches, again.captioned) == ([], [])


def test_a_changed_policy_tries_what_failed_once_and_nothing_else(
    settings: Settings, photos: Path, bench: Bench
) -> None:
    (photos / "broken.dng").write_bytes(b"II*\0" + bytes(2000))
    (failure,) = ingest_now(settings).failures
    assert failure["error_kind"] in {"corrupt", "unsupported"}
    assert ingest_now(settings).batches == []
    before = len(bench.decoded)

    half = settings.model_copy(update={"photo_raw_policy": RawPolicy.HALF})
    ingest_now(half)

    assert bench.decoded[before:] == ["broken.dng"]
    assert ingest_now(half).batches == []
