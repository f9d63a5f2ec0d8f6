"""Which configurations of inference are measured, on how many pictures, and what they are called. No torch here.

The first configuration of each task and family is the reference of the others' answers: plain transformers, one
picture at a time, in FP32.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

CLIP, BLIP = "clip", "blip"
SMALL, FULL = "small", "full size"
PLAIN, TORCH = "plain transformers", "torch"
# Graphs by their folder's name: the format, and whether int8 is asked for.
GRAPHS = {"torchscript": ("torchscript", False), "onnx": ("onnx", False), "onnx-int8": ("onnx", True)}
# The same in int8 throughout, whatever the export's proof says: on random weights int8 captions fail it.
UNPROVED = "onnx-int8 unproved"

# Pictures, ours in batches, and the batch of all others. On two cores a caption of full size takes a second or two.
_ON_CPU = {
    (CLIP, FULL): (32, (1, 8, 32), 32),
    (BLIP, FULL): (4, (1, 4), 4),
    (CLIP, SMALL): (32, (1, 8, 32), 32),
    (BLIP, SMALL): (32, (1, 8, 32), 32),
}
_ON_CUDA = {
    (CLIP, FULL): (2048, (1, 8, 32, 256, 1024), 256),
    (BLIP, FULL): (512, (1, 8, 32, 128, 512), 128),
}
_CUDA_DTYPES = ("float16", "bfloat16")


@dataclass(frozen=True)
class Configuration:
    """What one sample measures; `way` is PLAIN, TORCH (ours), a name in GRAPHS or UNPROVED (ours)."""

    task: str
    family: str
    way: str
    batch: int
    pictures: int
    device: str = "cpu"
    dtype: str = "float32"

    @property
    def reads_previews(self) -> bool:
        """Whether the way from encoded previews is measured too: it is lost in the seconds of a full caption."""
        return (self.task, self.family, self.device) != (BLIP, FULL, "cpu")


def configurations(device: str, dtype: str, quick: bool) -> list[Configuration]:
    """All of them in the order of a run, `dtype` being what the device does best.

    `quick` leaves out the full size and most of the pictures.
    """
    if device == "cuda":
        return [each for (task, family), counts in _ON_CUDA.items() for each in _on_cuda(task, family, *counts)]
    chosen = {key: counts for key, counts in _ON_CPU.items() if not quick or key[1] == SMALL}
    return [
        each
        for (task, family), (pictures, batches, others) in chosen.items()
        for each in _on_cpu(task, family, dtype, 32 if quick else pictures, batches, others)
    ]


def _on_cpu(
    task: str, family: str, dtype: str, pictures: int, batches: Sequence[int], others: int
) -> Iterator[Configuration]:
    ways: list[tuple[str, int]] = [(PLAIN, 1), (PLAIN, others), *((TORCH, batch) for batch in batches)]
    graphs = [*GRAPHS, UNPROVED] if (task, family) == (BLIP, FULL) else GRAPHS
    for way, batch in [*ways, *((name, others) for name in graphs)]:
        yield Configuration(task, family, way, batch, pictures)
    for way in (PLAIN, TORCH) if dtype != "float32" else ():
        yield Configuration(task, family, way, others, pictures, dtype=dtype)


def _on_cuda(task: str, family: str, pictures: int, batches: Sequence[int], others: int) -> Iterator[Configuration]:
    def configuration(way: str, batch: int, dtype: str) -> Configuration:
        # Small batches need not see all of the pictures to be timed.
        return Configuration(task, family, way, batch, min(pictures, 64 * batch), "cuda", dtype)

    yield configuration(PLAIN, 1, "float32")
    for dtype in _CUDA_DTYPES:
        yield from (configuration(PLAIN, batch, dtype) for batch in (1, others))
        yield from (configuration(TORCH, batch, dtype) for batch in batches)


def is_ours(sample: dict[str, Any]) -> bool:
    """Say whether a sample is of one of our ways."""
    return bool(sample["way"] != PLAIN)
