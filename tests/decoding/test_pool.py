"""Whatever happens to a worker, every request has its own result in its own place."""

import multiprocessing
import os
import signal
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image

from resources.decoding.errors import PoolLostError
from resources.decoding.limits import MIB, DecodingLimits
from resources.decoding.pool import DecodeRequest, DecodingPool, decoder_of, provenance_of
from resources.decoding.previews import PreviewStore
from resources.decoding.raw_policy import RawPolicy
from resources.decoding.requests import DecodeResult

from .bombs import jpeg_of_scans
from .samples import encode, quarters, request_for

IMPATIENT = DecodingLimits(deadline_s=1.0)


def misbehave(request: DecodeRequest, store: PreviewStore, limits: DecodingLimits) -> DecodeResult:
    """Do in a worker what the path says."""
    if request.path == b"be killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if request.path == b"hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while True:
            signal.pause()
    if request.path == b"eat memory":
        bytearray(2 * limits.memory_bytes)
    if request.path == b"have a bug":
        raise KeyError("a\nbug\0")
    return DecodeResult(request.photo_id, "ok")


class FatalStore(PreviewStore):
    """A store that ends the process which stores the photo "abcd", as a fault in a library would."""

    def write(self, photo_id: str, preview: bytes, thumbnail: bytes) -> None:
        if photo_id == "abcd":
            os.kill(os.getpid(), signal.SIGSEGV)
        super().write(photo_id, preview, thumbnail)


def requests_to(*deeds: bytes) -> list[DecodeRequest]:
    return [DecodeRequest(f"{index:04x}", deed, "") for index, deed in enumerate(deeds)]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_their_place_when_middle_photos_crash_hang_or_eat_memory(store, workers):
    deeds = (b"", b"be killed", b"", b"hang", b"", b"eat memory", b"have a bug", b"", b"be killed", b"")
    with DecodingPool(store, IMPATIENT, workers, decode=misbehave) as pool:
        results = pool.decode(requests_to(*deeds))
    assert [result.photo_id for result in results] == [f"{index:04x}" for index in range(10)]
    kinds = [None, "crashed", None, "timed_out", None, "out_of_memory", "crashed", None, "crashed", None]
    assert [result.error_kind for result in results] == kinds
    assert all(result.error_message for result in results if result.status == "failed")


def test_more_requests_than_places_in_the_queue_are_all_answered_and_reported_once(store):
    reported: list[str] = []
    with DecodingPool(store, IMPATIENT, workers=2, decode=misbehave) as pool:
        results = pool.decode(requests_to(*[b""] * 300), lambda result: reported.append(result.photo_id))
        again = pool.decode(requests_to(b"", b"be killed", b""))
    assert [result.photo_id for result in results] == [f"{index:04x}" for index in range(300)]
    assert sorted(reported) == [result.photo_id for result in results]
    assert [result.status for result in again] == ["ok", "failed", "ok"]


def test_no_requests_need_no_workers(store):
    with DecodingPool(store) as pool:
        assert pool.decode([]) == []
        assert not multiprocessing.active_children()


def test_workers_that_died_while_idle_are_replaced(store):
    with DecodingPool(store, IMPATIENT, workers=2, decode=misbehave) as pool:
        pool.decode(requests_to(b""))
        for worker in multiprocessing.active_children():
            worker.kill()
        results = pool.decode(requests_to(b"", b"", b""))
    assert [result.status for result in results] == ["ok"] * 3


def test_workers_that_cannot_start_are_the_machines_fault_and_not_the_photos(store, capfd):
    too_little = DecodingLimits(memory_bytes=1024 * 1024)
    with DecodingPool(store, too_little, workers=1, decode=misbehave) as pool, pytest.raises(PoolLostError):
        pool.decode(requests_to(b"", b""))
    capfd.readouterr()


def test_an_error_in_the_callers_callback_ends_the_workers(store):
    def complain(result: DecodeResult) -> None:
        raise LookupError(result.photo_id)

    with pytest.raises(LookupError), DecodingPool(store, IMPATIENT, 1, decode=misbehave) as pool:
        pool.decode(requests_to(b"", b"hang"), complain)
    assert not multiprocessing.active_children()


def test_originals_become_previews_in_worker_processes(store, tmp_path):
    paths = [tmp_path / name for name in ("a.jpg", "broken.jpg", "b.png", "pipe.jpg", "gone.jpg")]
    paths[0].write_bytes(encode(quarters(), "JPEG"))
    paths[1].write_bytes(encode(quarters(), "JPEG")[:1000])
    paths[2].write_bytes(encode(quarters(300, 200), "PNG"))
    requests = [request_for(path) for path in paths[:3]]
    os.mkfifo(paths[3])
    requests += [DecodeRequest("aaaa", bytes(paths[3]), ""), DecodeRequest("bbbb", bytes(paths[4]), "")]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths[:3]]
    with DecodingPool(store, workers=1) as pool:
        results = pool.decode(requests)
    assert [result.error_kind for result in results] == [None, "corrupt", None, "not_a_file", "vanished"]
    assert [store.has(request.photo_id) for request in requests] == [True, False, True, False, False]
    assert all(result.decode_ms > 0 for result in results)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths[:3]] == before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_in_the_midst_of_real_decoding_costs_one_photo(tmp_path, workers):
    store = FatalStore(tmp_path / "store")
    paths = [tmp_path / f"{number}.jpg" for number in range(5)]
    for path in paths:
        path.write_bytes(encode(quarters(), "JPEG"))
    requests = [request_for(path) for path in paths]
    requests[2] = replace(requests[2], photo_id="abcd")
    with DecodingPool(store, IMPATIENT, workers) as pool:
        results = pool.decode(requests)
    assert [result.error_kind for result in results] == [None, None, "crashed", None, None]
    assert "SIGSEGV" in results[2].error_message
    assert [store.has(request.photo_id) for request in requests] == [True, True, False, True, True]


def test_a_picture_that_really_needs_more_memory_than_a_worker_has_costs_one_photo(store, tmp_path):
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    small.write_bytes(encode(quarters(300, 200), "PNG"))
    large.write_bytes(encode(Image.new("1", (14_000, 14_000)), "PNG", compress_level=1))
    limits = DecodingLimits(memory_bytes=700 * MIB)
    with DecodingPool(store, limits, workers=1) as pool:
        results = pool.decode([request_for(path) for path in (small, large, small)])
    assert [result.error_kind for result in results] == [None, "out_of_memory", None]


def test_a_decode_that_really_takes_too_long_costs_one_photo(store, tmp_path):
    small, slow = tmp_path / "small.png", tmp_path / "slow.jpg"
    small.write_bytes(encode(quarters(30, 20), "PNG"))
    slow.write_bytes(jpeg_of_scans(encode(quarters(64, 64), "JPEG", progressive=True), 14_000, 100))
    with DecodingPool(store, IMPATIENT, workers=1) as pool:
        results = pool.decode([request_for(path) for path in (small, slow, small)])
    assert [result.error_kind for result in results] == [None, "timed_out", None]


def test_the_pool_sweeps_what_killed_workers_left(store, tmp_path):
    stray = Path(store.preview_path("abcd")).parents[3] / "unfinished" / "x.part"
    stray.parent.mkdir(parents=True)
    stray.touch()
    os.utime(stray, (0, 0))
    with DecodingPool(store):
        assert not stray.exists()


def test_another_policy_deadline_or_library_is_another_decoder(store, monkeypatch):
    plain = DecodingPool(store).decoder
    assert plain == decoder_of(DecodingLimits())
    assert all(f"{package} {metadata.version(package)}" in plain for package in ("pillow", "pillow-heif", "rawpy"))
    others = [DecodingLimits(raw_policy=RawPolicy.HALF), DecodingLimits(deadline_s=1)]
    assert len({plain, *map(decoder_of, others)}) == 3
    monkeypatch.setattr(metadata, "version", lambda package: "99")
    assert decoder_of(DecodingLimits()) != plain


def test_provenance_names_the_size_the_version_and_the_raw_policy(store):
    assert DecodingPool(store).provenance == "preview512-v2/raw-auto"
    limits = DecodingLimits(preview_short_side_px=768, raw_policy=RawPolicy.HALF)
    assert DecodingPool(store, limits).provenance == provenance_of(limits) == "preview768-v2/raw-half"
