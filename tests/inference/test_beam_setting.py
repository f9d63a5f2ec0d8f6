"""PHOTO_CAPTION_BEAMS reaches the captions by every way to make them, and each row says how it was written."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from photo_assets.definitions import open_resource
from photo_assets.exporting import scene_samples
from photo_assets.ingest import ingest
from photo_assets.settings import Settings, SettingsError, load_settings
from photo_assets.steps.inference import infer
from photo_assets.tables import SCHEMAS
from resources.inference.backends import TORCH, Backend, backend_named
from resources.inference.batch_sizes import LearntSizes, size_key
from resources.inference.checkpoints import checkpoints
from resources.inference.client import RemoteEngine
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.exported.exporting import export_graphs
from resources.inference.exported.formats import FORMATS
from resources.inference.provenance import decoding
from resources.inference.service.messages import Model
from resources.tables.frames import rows_of
from resources.tables.store import TableStore
from tests.inference.services import FakeEngine, serving

CPU = Device("cpu", torch.float32, clip_batch=5, caption_batch=5)
GREEDY, THREE = "greedy, 20 tokens", "3 beams, 20 tokens"


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """Blocks of colours, of which the small model is unsure, so that beams find other captions."""
    generator = np.random.default_rng(2)
    blocks = [Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)) for _ in range(33)]
    return [png(each.resize((96, 96), Image.Resampling.BICUBIC)) for each in blocks]


def png(image: Image.Image) -> bytes:
    encoded = BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


def engine(beams: int, backend: Backend = TORCH, learnt: Path | None = None) -> InProcessEngine:
    return InProcessEngine(*checkpoints("small"), CPU, learnt, backend, beams)


def captions_of(engine: InProcessEngine | RemoteEngine, pictures: list[bytes]) -> list[object]:
    return [answer.caption for answer in engine.infer(pictures, embed=False)]


@pytest.fixture(scope="module")
def by_beams(pictures: list[bytes]) -> list[object]:
    return captions_of(engine(3), pictures)


def test_beams_write_other_captions_and_say_so(pictures: list[bytes], by_beams: list[object]) -> None:
    assert by_beams != captions_of(engine(1), pictures)
    assert (engine(1).blip.decoding, engine(3).blip.decoding, engine(3).clip.decoding) == (GREEDY, THREE, "")


@pytest.mark.parametrize("name", ["torchscript", "onnx"])
def test_exported_graphs_write_the_same_by_beams(
    name: str, tmp_path: Path, pictures: list[bytes], by_beams: list[object]
) -> None:
    export_graphs(checkpoints("small"), FORMATS[name], tmp_path / name, scene_samples(6), int8=False)
    assert captions_of(engine(3, backend_named(name, tmp_path / name)), pictures) == by_beams


def test_a_service_writes_by_its_own_beams_and_tells_its_clients(pictures: list[bytes], by_beams: list[object]) -> None:
    with serving(engine(3)) as url:
        remote = RemoteEngine(url)
        assert captions_of(remote, pictures) == by_beams
        assert remote.blip == engine(3).blip and remote.blip.decoding == THREE


def test_what_fits_a_device_is_learnt_for_each_number_of_beams(tmp_path: Path, pictures: list[bytes]) -> None:
    path = tmp_path / "sizes.json"
    for beams in (1, 3):
        captions_of(engine(beams, learnt=path), pictures[:1])
    keys = {size_key(engine(beams).blip, CPU, (96, 96)) for beams in (1, 3)}
    assert len(keys) == 2 and all(LearntSizes(path).get(key) == CPU.caption_batch for key in keys)


def test_the_setting_reaches_the_tables_rows(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_CAPTION_BEAMS", "3")
    beams = load_settings()
    assert open_resource(settings, "inference").engine().blip.decoding == GREEDY
    assert open_resource(beams, "inference").engine().blip.decoding == THREE
    ingested = ingest(beams, beams.library_roots, lambda total: lambda stage, photos: None)
    store = TableStore(beams.photo_data / "tables")
    captions = [
        row
        for batch in ingested.batches
        for row in rows_of(store.read("image_captions", batch, SCHEMAS["image_captions"]))
    ]
    assert len(captions) == 7 and {row["caption_decoding"] for row in captions} == {THREE}


def test_a_row_of_a_service_that_does_not_tell_says_nothing() -> None:
    assert Model.model_validate({"model": "m", "revision": "r", "preprocessing": "p", "dtype": "d"}).decoding == ""
    failed = {"photo_id": "a", "status": "failed", "error_kind": "corrupt", "error_message": "x"}
    _, (row,) = infer([failed], None, FakeEngine(), embed=False, caption=True)
    assert row["caption_decoding"] is None


@pytest.mark.parametrize("beams", ["0", "9", "many"])
def test_other_numbers_of_beams_are_refused_by_name(
    beams: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_CAPTION_BEAMS", beams)
    with pytest.raises(SettingsError, match="PHOTO_CAPTION_BEAMS"):
        load_settings()


def test_one_beam_is_called_greedy() -> None:
    assert [decoding(beams) for beams in (1, 2)] == [GREEDY, "2 beams, 20 tokens"]
