"""A photo that ends its decoding process twice is set apart, while the others of its batch go on."""

import os
import signal
from pathlib import Path

import pytest

from photo_assets.steps.decoding import decode_photos
from resources.decoding import pool as pool_module
from resources.decoding.limits import DecodingLimits
from resources.decoding.pool import DecodingPool
from resources.decoding.previews import PreviewStore
from resources.decoding.requests import DecodeRequest, DecodeResult
from resources.library.ledger import Ledger

FILES = [
    {
        "photo_id": f"{place:04x}",
        "path": path,
        "sha256": "",
        "status": "ok",
        "path_display": path.decode(),
        "mtime_ns": 0,
    }
    for place, path in enumerate((b"good.jpg", b"killer.dng", b"fine.png"))
]


def die_of_killers(request: DecodeRequest, store: PreviewStore, limits: DecodingLimits) -> DecodeResult:
    """Leave a mark for each try, and end the process if the path says so."""
    with (store.preview_path("abcd").parents[3] / request.photo_id).open("a") as tries:
        tries.write("x")
    if b"killer" in request.path:
        os.kill(os.getpid(), signal.SIGKILL)
    return DecodeResult(request.photo_id, "ok")


@pytest.fixture
def kinds(tmp_path: Path) -> object:
    """Decode the files once more, and return the kind of each one's failure."""

    def decode() -> list[str | None]:
        store = PreviewStore(tmp_path)
        with (
            Ledger(tmp_path / "ledger.sqlite") as ledger,
            DecodingPool(store, workers=1, decode=die_of_killers) as pool,
        ):
            return [row["error_kind"] for row in decode_photos(FILES, pool, ledger)]

    return decode


def test_the_third_run_does_not_give_it_to_a_worker(kinds, tmp_path: Path) -> None:
    assert kinds() == [None, "crashed", None]
    assert kinds() == [None, "crashed", None]
    assert kinds() == [None, "quarantined", None]
    assert [len((tmp_path / row["photo_id"]).read_text()) for row in FILES] == [3, 2, 3]


def test_a_newer_library_gives_it_another_chance(kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        last = kinds()
    assert last == [None, "quarantined", None]
    monkeypatch.setattr(pool_module, "package_versions", lambda: ["rawpy 99.0"])
    assert kinds() == [None, "crashed", None]
