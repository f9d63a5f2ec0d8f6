"""Exported graphs answer as torch does in FP32, whatever the batch, the order and the format."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch

from photo_assets.definitions import open_resource
from photo_assets.exporting import scene_samples
from photo_assets.settings import Settings, load_settings
from resources.inference import blip, clip
from resources.inference.backends import backend_named
from resources.inference.checkpoints import checkpoints
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.exported.exporting import export_graphs
from resources.inference.exported.formats import FORMATS
from resources.inference.exported.manifest import Manifest
from resources.inference.exported.onnx_runtime import OnnxGraph
from resources.inference.exported.parity import Samples
from resources.inference.port import Inferred, ItemError

CPU = Device("cpu", torch.float32, clip_batch=16, caption_batch=16)
# Neither a divisor nor a multiple of what graphs are traced with.
UNEVEN = Device("cpu", torch.float32, clip_batch=7, caption_batch=11)
SCENES = 120
TEXTS = ["a red boat", "", "word " * 500, "\u5199\u771f na\u00efve", "a white cottage by the sea at night under stars"]
COSINE = {"torchscript": 0.99999, "onnx": 0.99999, "int8": 0.99}
EQUAL = {"torchscript": 1.0, "onnx": 1.0, "int8": 0.98}


@pytest.fixture(scope="module")
def samples() -> Samples:
    return scene_samples(SCENES)


@pytest.fixture(scope="module")
def pictures(samples: Samples) -> list[bytes]:
    return [png(picture) for picture in samples.pictures]


def png(picture: object) -> bytes:
    encoded = BytesIO()
    picture.save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


@pytest.fixture(scope="module")
def reference(pictures: list[bytes]) -> list[Inferred]:
    return list(InProcessEngine(*checkpoints("small"), CPU).infer(pictures))


class Export:
    """One export of the small models; `name` is its format, or int8 for ONNX in int8."""

    def __init__(self, name: str, folder: Path, samples: Samples) -> None:
        self.name, self.folder, self.format = name, folder, "onnx" if name == "int8" else name
        few = Samples(samples.pictures[:30], samples.texts[:12])  # the tests below ask for all
        form = FORMATS[self.format]
        self.manifest: Manifest = export_graphs(checkpoints("small"), form, folder, few, int8=name == "int8")

    def engine(self, device: Device = UNEVEN) -> InProcessEngine:
        return InProcessEngine(*checkpoints("small"), device, backend=backend_named(self.format, self.folder))


@pytest.fixture(scope="module", params=["torchscript", "onnx", "int8"])
def export(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Export:
    return Export(request.param, tmp_path_factory.mktemp("exported") / request.param, samples)


def cosines(reference: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> np.ndarray:
    return (np.stack(reference) * np.stack(found)).sum(axis=1)


def test_each_picture_gets_its_own_answer_in_any_order(
    export: Export, pictures: list[bytes], reference: list[Inferred]
) -> None:
    order = np.random.default_rng(4).permutation(SCENES)
    answers = list(export.engine().infer([pictures[place] for place in order]))
    expected = [reference[place] for place in order]
    lowest = cosines([each.vector for each in expected], [each.vector for each in answers]).min()
    equal = np.mean([one.caption == other.caption for one, other in zip(expected, answers, strict=True)])
    assert lowest >= COSINE[export.name] and equal >= EQUAL[export.name], (lowest, equal)


def test_a_picture_alone_gets_the_answer_it_gets_among_others(
    export: Export, pictures: list[bytes], reference: list[Inferred]
) -> None:
    alone = Device("cpu", torch.float32, clip_batch=1, caption_batch=1)
    answers = list(export.engine(alone).infer(pictures[:6]))
    vectors = [[each.vector for each in of[:6]] for of in (reference, answers)]
    assert cosines(*vectors).min() >= COSINE[export.name]
    assert [each.caption for each in answers] == [each.caption for each in reference[:6]]


def test_texts_of_any_length_agree(export: Export) -> None:
    expected = InProcessEngine(*checkpoints("small"), CPU).embed_texts(TEXTS)
    engine = export.engine()
    for texts in (slice(None), slice(0, 1), slice(2, 3)):
        assert cosines(expected[texts], engine.embed_texts(TEXTS[texts])).min() >= COSINE[export.name]


def test_answers_keep_their_place_around_pictures_that_fail(
    export: Export, pictures: list[bytes], reference: list[Inferred]
) -> None:
    earlier = ItemError("corrupt", "it is corrupt")
    answers = list(export.engine().infer([earlier, pictures[3], b"no picture", pictures[5]]))
    assert [answers[1].caption, answers[3].caption] == [reference[3].caption, reference[5].caption]
    assert answers[0].vector == earlier and answers[2].caption.kind == "undecodable"


def test_provenance_tells_the_runtime_and_its_precision(export: Export) -> None:
    engine = export.engine()
    expected = "onnx-int8" if export.name == "int8" else f"{export.name}-float32"
    assert (engine.clip.dtype, engine.blip.dtype) == (expected, expected)


def test_torch_loads_no_weights_for_exported_graphs(
    export: Export, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("weights are loaded")

    for module in (clip, blip):
        monkeypatch.setattr(module, "load_weights", refuse)
    (answer,) = export.engine().infer(pictures[:1])
    assert isinstance(answer.caption, str)


def test_the_settings_choose_the_graphs(export: Export, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTO_INFERENCE_BACKEND", export.format)
    monkeypatch.setenv("PHOTO_INFERENCE_GRAPHS", str(export.folder))
    engine = open_resource(load_settings(), "inference").engine()
    assert engine.clip.dtype == export.engine().clip.dtype


class FullDevice:
    """A session whose device has no memory left."""

    def get_inputs(self) -> list[object]:
        return []

    get_outputs = get_inputs

    def io_binding(self) -> None:
        raise RuntimeError("BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer")


def test_a_full_device_is_told_as_torch_tells_it_so_that_batches_shrink() -> None:
    with pytest.raises(torch.OutOfMemoryError, match="Failed to allocate"):
        OnnxGraph(FullDevice())()
