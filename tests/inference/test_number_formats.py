"""Which number format the models run in, and that answers in half precision are those in FP32."""

from io import BytesIO

import numpy as np
import pytest
import torch

from photo_assets.definitions import open_resource
from photo_assets.exporting import scene_samples
from photo_assets.settings import SettingsError, load_settings
from resources.inference.checkpoints import checkpoints
from resources.inference.devices import Device, best_device
from resources.inference.engine import InProcessEngine
from resources.inference.exported.formats import FORMATS

# Few and small: a CPU without FP16 or BF16 computes them all the same, only slowly.
SAMPLES = scene_samples(8)
TEXTS = ["a red boat", "", "two tents at night by a lake"]


class Machine:
    """What torch says of a machine, for the choice of a format."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    def cpu(self, capabilities: object, onednn: bool = True) -> "Machine":
        self._patch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
        self._patch.setattr(torch.ops.mkldnn, "_is_mkldnn_fp16_supported", lambda: onednn)
        return self

    def gpu(self, capability: tuple[int, int]) -> "Machine":
        self._patch.setattr(torch.cuda, "is_available", lambda: True)
        self._patch.setattr(torch.cuda, "get_device_capability", lambda: capability)
        return self

    def mac(self) -> "Machine":
        self._patch.setattr(torch.backends.mps, "is_available", lambda: True)
        return self


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.mark.parametrize(
    ("capabilities", "onednn", "chosen"),
    [
        ({"amx_fp16": True, "amx_bf16": True}, True, torch.float16),
        ({"amx_fp16": True}, False, torch.float32),
        ({"amx_fp16": False, "amx_bf16": True, "avx512_fp16": True}, True, torch.float32),
        ({"architecture": "aarch64", "neon": True}, True, torch.float32),
        ({}, True, torch.float32),
    ],
)
def test_a_cpu_runs_in_float16_only_where_it_multiplies_float16_matrices(
    machine: Machine, capabilities: dict[str, object], onednn: bool, chosen: torch.dtype
) -> None:
    machine.cpu(capabilities, onednn)
    assert (best_device().name, best_device().dtype) == ("cpu", chosen)


def test_a_torch_that_tells_nothing_of_the_cpu_runs_in_float32(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert best_device().dtype == torch.float32


@pytest.mark.parametrize(
    ("capability", "chosen"), [((6, 1), torch.float32), ((7, 0), torch.float16), ((9, 0), torch.float16)]
)
def test_a_gpu_runs_in_float16_where_it_has_tensor_cores(
    machine: Machine, capability: tuple[int, int], chosen: torch.dtype
) -> None:
    machine.cpu({}).gpu(capability)
    assert (best_device().name, best_device().dtype) == ("cuda", chosen)


def test_a_mac_runs_in_float16(machine: Machine) -> None:
    machine.cpu({}).mac()
    assert (best_device().name, best_device().dtype) == ("mps", torch.float16)


@pytest.mark.parametrize("named", ["float32", "float16", "bfloat16"])
def test_the_setting_overrules_the_choice_and_is_told_in_every_row(
    named: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.cpu({"amx_fp16": True})
    monkeypatch.setenv("PHOTO_MODELS", "small")
    monkeypatch.setenv("PHOTO_INFERENCE_DTYPE", named)
    engine = open_resource(load_settings(), "inference").engine()
    assert (engine.clip.dtype, engine.blip.dtype) == (named, named)


def test_an_unknown_format_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTO_INFERENCE_DTYPE", "int4")
    with pytest.raises(SettingsError, match=r"PHOTO_INFERENCE_DTYPE.*float16"):
        load_settings()


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_graphs_are_made_and_run_in_float32_on_every_cpu(form: object, machine: Machine) -> None:
    machine.cpu({"amx_fp16": True})
    assert form.traced_on().dtype == form.runs_on().dtype == torch.float32


def engine_in(dtype: torch.dtype, batch: int) -> InProcessEngine:
    return InProcessEngine(*checkpoints("small"), Device("cpu", dtype, clip_batch=batch, caption_batch=batch))


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    encoded = [BytesIO() for _ in SAMPLES.pictures]
    for picture, into in zip(SAMPLES.pictures, encoded, strict=True):
        picture.save(into, "PNG")
    return [each.getvalue() for each in encoded]


# The scenes' captions are equal in BF16 as well. Those of other models are not always, so it is no default.
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize("batch", [1, 5])
def test_half_precision_gives_the_vectors_and_the_captions_of_float32(
    dtype: torch.dtype, batch: int, pictures: list[bytes]
) -> None:
    exact, half = engine_in(torch.float32, 3), engine_in(dtype, batch)
    expected, found = list(exact.infer(pictures)), list(half.infer(pictures))
    assert cosine([each.vector for each in expected], [each.vector for each in found]) >= 0.999
    assert [each.caption for each in found] == [each.caption for each in expected]
    assert cosine(exact.embed_texts(TEXTS), half.embed_texts(TEXTS)) >= 0.999
    assert {half.clip.dtype, half.blip.dtype} == {str(dtype).removeprefix("torch.")}


def cosine(reference: list[np.ndarray], found: list[np.ndarray]) -> float:
    """The lowest of a vector with its reference."""
    return float((np.stack(reference) * np.stack(found)).sum(axis=1).min())
