"""The in-process inference engine: the port's implementation on this process's own device.

Three stages: threads decode and fit pictures a window ahead (pictures.py), the device computes in batches of each
model's own size (batching.py), and the answers go out in the order of the pictures. Each model loads on first use and
once per process, because loading costs more than most batches.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.inference.backends import TORCH, Backend, backend_named
from resources.inference.batch_sizes import LearntSizes, runner_for, size_key
from resources.inference.batching import BatchRunner
from resources.inference.blip import BLIP_FAMILIES, Blip
from resources.inference.checkpoints import Checkpoint, checkpoints
from resources.inference.clip import CLIP_FAMILIES, Clip
from resources.inference.devices import Device, memory_mb
from resources.inference.lane import Lane
from resources.inference.loading import read_card
from resources.inference.pictures import Preparation, Window
from resources.inference.port import Inferred, ItemError, Provenance

if TYPE_CHECKING:
    import numpy as np

_TEXTS_AT_ONCE = 64
_VECTOR, _CAPTION = "vector", "caption"


class InProcessEngine:
    """CLIP and BLIP in this process. Callers may be threads: one at a time has the device.

    `learnt` is the file in which batch sizes are kept between processes, if any.
    """

    def __init__(
        self,
        clip_checkpoint: Checkpoint,
        blip_checkpoint: Checkpoint,
        device: Device | None = None,
        learnt: Path | None = None,
        backend: Backend = TORCH,
        caption_beams: int = 1,
    ) -> None:
        self._checkpoints = (clip_checkpoint, blip_checkpoint)
        self._backend, self._caption_beams = backend, caption_beams
        self._device = device or backend.device()
        self._learnt = LearntSizes(learnt)
        self._turn = threading.RLock()
        self._lanes: dict[str, Lane] = {}
        self._texts = BatchRunner(_TEXTS_AT_ONCE)
        self._pictures = self._computed = 0

    @cached_property
    def _clip(self) -> Clip:
        card = read_card(self._checkpoints[0], CLIP_FAMILIES)
        return Clip(card, self._backend.clip(card, self._device), self._device)

    @cached_property
    def _blip(self) -> Blip:
        card = read_card(self._checkpoints[1], BLIP_FAMILIES)
        return Blip(card, self._backend.blip(card, self._device), self._device, self._caption_beams)

    @property
    def clip(self) -> Provenance:
        """What makes the embeddings."""
        with self._turn:
            return self._clip.provenance

    @property
    def blip(self) -> Provenance:
        """What makes the captions."""
        with self._turn:
            return self._blip.provenance

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""
        with self._turn:
            return self._clip.dimensions

    @property
    def device(self) -> str:
        """cuda, mps or cpu."""
        return self._device.name

    def infer(
        self, pictures: Iterable[bytes | ItemError], *, embed: bool = True, caption: bool = True
    ) -> Iterator[Inferred]:
        """One answer per picture, in order, while later pictures are still read; an ItemError passes through."""
        with self._turn:  # two callers must not load the models twice
            models = ({_VECTOR: self._clip} if embed else {}) | ({_CAPTION: self._blip} if caption else {})
            lanes = {name: self._lane(name, model) for name, model in models.items()}
        size = max((lane.batches.batch_size for lane in lanes.values()), default=1)
        with Preparation({name: model.preprocessing for name, model in models.items()}) as preparation:
            windows = preparation.windows(pictures, size, lambda key: all(lane.knows(key) for lane in lanes.values()))
            for window in windows:
                yield from self._answers(window, lanes)

    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray | ItemError]:
        """One float32 (dimensions,) vector of norm 1 per text, or its error, in order."""
        with self._turn:
            return self._texts.run(texts, self._clip.embed_texts)

    def measures(self) -> Mapping[str, int | float]:
        """Batch sizes, pictures asked for and spared as exact copies, and memory in megabytes."""
        sizes = {f"{name}_batch": lane.batches.batch_size for name, lane in self._lanes.items()}
        spared = self._pictures - self._computed
        return sizes | {"pictures": self._pictures, "copies_spared": spared} | memory_mb(self._device)

    def _answers(self, window: Window, lanes: Mapping[str, Lane]) -> Iterator[Inferred]:
        keys = list(dict.fromkeys(key for key in window.keys if isinstance(key, bytes)))
        inputs = {name: window.inputs(name) for name in lanes}
        with self._turn:
            self._pictures += sum(isinstance(key, bytes) for key in window.keys)
            self._computed += sum(not all(lane.knows(key) for lane in lanes.values()) for key in keys)
            answers = {name: lane.answer(keys, inputs[name]) for name, lane in lanes.items()}
            self._keep_sizes(lanes)
        for key in window.keys:
            yield Inferred(**{name: _at(key, found) for name, found in answers.items()})

    def _lane(self, name: str, model: Clip | Blip) -> Lane:
        if name not in self._lanes:
            shape, learnt = model.preprocessing.shape, self._learnt.get(self._size_key(model))
            most = self._device.clip_batch if name == _VECTOR else self._device.caption_batch
            self._lanes[name] = Lane(model.infer, runner_for(model.infer, shape, most, self._device, learnt))
        return self._lanes[name]

    def _keep_sizes(self, lanes: Mapping[str, Lane]) -> None:
        for name, lane in lanes.items():
            model = self._clip if name == _VECTOR else self._blip
            self._learnt.keep(self._size_key(model), lane.batches.batch_size)

    def _size_key(self, model: Clip | Blip) -> str:
        return size_key(model.provenance, self._device, model.preprocessing.shape)


def _at(key: bytes | ItemError, found: Mapping[bytes, Any]) -> Any:
    return key if isinstance(key, ItemError) else found[key]


@lru_cache(maxsize=1)
def engine_for(
    preset: str,
    clip: str = "",
    blip: str = "",
    learnt: Path | None = None,
    backend: str = "torch",
    graphs: Path = Path(),
    number_format: str = "auto",
    caption_beams: int = 1,
) -> InProcessEngine:
    """The process's one engine for these settings: every run in this process shares its loaded models."""
    chosen = backend_named(backend, graphs, number_format)
    return InProcessEngine(*checkpoints(preset, clip, blip), learnt=learnt, backend=chosen, caption_beams=caption_beams)
