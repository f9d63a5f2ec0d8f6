"""What was learnt of batch sizes is kept whole, per model and device, and never trusted further than it reaches."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from resources.inference import batch_sizes
from resources.inference.batch_sizes import LearntSizes, runner_for, size_key
from resources.inference.checkpoints import checkpoints
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.port import Provenance

CPU = Device("cpu", torch.float32, clip_batch=8, caption_batch=8)
MADE_BY = Provenance("model", "abc", "label", "float32")


def test_sizes_are_kept_between_processes(tmp_path: Path) -> None:
    path = tmp_path / "state" / "sizes.json"
    LearntSizes(path).keep("a", 7)
    LearntSizes(path).keep("b", 9)
    assert (LearntSizes(path).get("a"), LearntSizes(path).get("b"), LearntSizes(path).get("c")) == (7, 9, None)
    assert [each.name for each in path.parent.iterdir()] == ["sizes.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"a": "many"}', '{"a": -3}', "{", "\0"])
def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sizes.json"
    path.write_text(content)
    assert LearntSizes(path).get("a") is None
    LearntSizes(path).keep("a", 5)
    assert LearntSizes(path).get("a") == 5


def test_without_a_file_nothing_is_kept() -> None:
    LearntSizes(None).keep("a", 1)
    assert LearntSizes(None).get("a") is None


def test_another_model_dtype_or_resolution_is_another_size() -> None:
    keys = {
        size_key(MADE_BY, CPU, (96, 96)),
        size_key(MADE_BY, CPU, (96, 128)),
        size_key(Provenance("model", "abd", "label", "float32"), CPU, (96, 96)),
        size_key(Provenance("model", "abc", "label", "float16"), CPU, (96, 96)),
    }
    assert len(keys) == 4


def test_a_learnt_size_is_begun_with_and_never_exceeds_the_most() -> None:
    def infer(inputs: object) -> None:
        raise AssertionError("a CPU needs no probe")

    assert runner_for(infer, (96, 96), 8, CPU, None).batch_size == 8
    assert runner_for(infer, (96, 96), 8, CPU, 3).batch_size == 3
    assert runner_for(infer, (96, 96), 8, CPU, 99).batch_size == 8


def test_a_gpu_that_others_have_filled_begins_with_one_picture_and_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> int:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(batch_sizes, "probed_size", full)
    runner = runner_for(list, (96, 96), 8, replace(CPU, name="cuda"), 5)
    assert runner.batch_size == 1
    runner.run(range(100), list)
    assert runner.batch_size > 1


def test_the_engine_writes_down_what_an_overflow_taught_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from resources.inference.clip import Clip

    infer = Clip.infer

    def full_beyond_two(self: Clip, inputs: list[np.ndarray]) -> list[np.ndarray]:
        if len(inputs) > 2:
            raise torch.OutOfMemoryError("full")
        return infer(self, inputs)

    monkeypatch.setattr(Clip, "infer", full_beyond_two)
    path = tmp_path / "sizes.json"
    engine = InProcessEngine(*checkpoints("small"), CPU, path)
    list(engine.infer([png(shade) for shade in range(8)], caption=False))
    assert engine.measures()["vector_batch"] == 2
    again = InProcessEngine(*checkpoints("small"), CPU, path)
    list(again.infer([png(9)], caption=False))
    assert again.measures()["vector_batch"] == 2


def png(shade: int) -> bytes:
    from io import BytesIO

    from PIL import Image

    encoded = BytesIO()
    Image.new("RGB", (100, 100), (shade * 20, 0, 0)).save(encoded, "PNG")
    return encoded.getvalue()
