"""What is made of the inference benchmark's raw samples, and the arithmetic of a model's work."""

import numpy as np
import pytest
from transformers import BlipConfig, CLIPConfig

from benchmarks.inference_choice import BLIP, CLIP, FULL, GRAPHS, PLAIN, SMALL, TORCH, UNPROVED, configurations
from benchmarks.inference_flops import blip_flops, clip_flops
from benchmarks.inference_quality import quality
from benchmarks.inference_tables import inference_lines, share_of_peak


def sample(way: str, batch: int, device_s: float, **also: object) -> dict[str, object]:
    known = {"task": CLIP, "family": FULL, "device": "cpu", "dtype": "float32", "pictures": 10, "whole_s": device_s}
    known |= {"peak_mb": 100, "gflop": 5.0, "matmul_gflops": 100.0, "min_cosine": 1.0}
    return known | {"way": way, "batch": batch, "device_s": device_s} | also


def test_the_work_of_the_full_size_models_is_what_is_published_of_them() -> None:
    assert clip_flops(CLIPConfig()) == pytest.approx(8.82e9, rel=0.001)
    without_words = blip_flops(BlipConfig(), 0)
    assert without_words == pytest.approx(111.0e9 + 16.3e9, rel=0.001)
    assert blip_flops(BlipConfig(), 1) - without_words == pytest.approx(0.268e9, rel=0.005)


def test_a_slow_run_slows_both_sides_of_its_ratio() -> None:
    runs = [(1.0, 4.0, 2.0), (10.0, 40.0, 20.0), (1.0, 4.0, 2.0)]
    samples = [
        each
        for ours, one, batched in runs
        for each in (sample(PLAIN, 1, one), sample(PLAIN, 32, batched), sample(TORCH, 32, ours))
    ]
    assert inference_lines(samples)[-1] == "| CLIP, full size | ours, torch | 32 | 4.00 | 2.00 | 2.00, 2.00, 2.00 |"


def test_half_precision_on_a_cpu_is_compared_with_what_one_would_run_there() -> None:
    half = {"dtype": "float16"}
    plain = [sample(PLAIN, 1, 8.0), sample(PLAIN, 32, 4.0), sample(PLAIN, 32, 2.0, **half)]
    last = inference_lines([*plain, sample(TORCH, 32, 1.0, **half)])[-1]
    assert last == "| CLIP, full size | ours, torch, float16 | 32 | 8.00 | 4.00 | 4.00 |"


def test_half_precision_on_a_gpu_is_compared_with_plain_half_precision() -> None:
    half = {"device": "cuda", "dtype": "float16"}
    plain = [sample(PLAIN, 1, 8.0, device="cuda"), sample(PLAIN, 1, 4.0, **half), sample(PLAIN, 32, 2.0, **half)]
    assert inference_lines([*plain, sample(TORCH, 32, 1.0, **half)])[-1].endswith("| 4.00 | 2.00 | 2.00 |")


def test_the_worst_run_is_the_quality_shown() -> None:
    lines = inference_lines([sample(PLAIN, 1, 1.0, min_cosine=value) for value in (1.0, 0.98, 1.0)])
    assert "cosine >= 0.98000" in lines[2]


def test_what_was_skipped_is_named_with_its_reason() -> None:
    skipped = {"task": BLIP, "family": FULL, "way": "onnx", "batch": 4, "device": "cpu", "dtype": "float32"}
    lines = inference_lines([sample(PLAIN, 1, 1.0), skipped | {"skipped": "there are no graphs"}])
    assert lines[-1] == "* BLIP, full size, ours, onnx: there are no graphs"


def test_the_share_of_the_peak_is_work_done_over_work_possible() -> None:
    assert share_of_peak(sample(TORCH, 1, 2.0)) == pytest.approx(5.0 * 10 / 2.0 / 100.0)


def test_quality_is_that_of_the_worst_vector_and_of_every_caption() -> None:
    one, other = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    assert quality(CLIP, [one, one], [one, other]) == {"min_cosine": 0.6}
    assert quality(BLIP, ["a boat", "a tent", "snow"], ["a boat", "a test", "snow"]) == {"captions_equal": 0.6667}
    assert quality(BLIP, ["a boat"], []) == {}


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_reference_comes_first_and_every_number_format_has_its_plain_ways(device: str) -> None:
    asked = configurations(device, "float16", quick=False)
    for task in (CLIP, BLIP):
        ours = [each for each in asked if (each.task, each.family) == (task, FULL)]
        assert (ours[0].way, ours[0].batch, ours[0].dtype) == (PLAIN, 1, "float32")
        for dtype in {each.dtype for each in ours if each.way == TORCH}:
            batches = {each.batch for each in ours if (each.way, each.dtype) == (PLAIN, dtype)}
            assert max(batches) > 1, "the plain batch"
            assert 1 in batches or (device, dtype) == ("cpu", "float16")


def test_on_a_cpu_all_backends_are_measured_and_a_quick_look_needs_no_full_size() -> None:
    assert {each.way for each in configurations("cpu", "float32", quick=False)} == {PLAIN, TORCH, *GRAPHS, UNPROVED}
    assert {each.family for each in configurations("cpu", "float32", quick=True)} == {SMALL}
