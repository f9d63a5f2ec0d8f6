"""The in-process inference engine: the port's implementation on this process's own device.

Three stages: threads decode and fit pictures a window ahead (pictures.py), the device computes in batches of each
model's own size (batching.py), and the answers go out in the order of the pictures. Each model loads on first use and
once per process, because loading costs more than most batches.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.inference.backends import TORCH, Backend, backend_named
from resources.inference.batch_sizes import LearntSizes, runner_for, size_key
from resources.inference.batching import BatchRunner
from resources.inference.blip import BLIP_FAMILIES, Blip
from resources.inference.checkpoints import Checkpoint, checkpoints
from resources.inference.clip import CLIP_FAMILIES, Clip
from resources.inference.devices import Device
from resources.inference.lane import Lane, PictureModel
from resources.inference.loading import ModelCard, read_card
from resources.inference.memory import StageMemory
from resources.inference.pictures import Preparation, Window
from resources.inference.port import Inferred, ItemError, Provenance

if TYPE_CHECKING:
    import numpy as np

_TEXTS_AT_ONCE = 64


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
        self._memory = StageMemory(self._device)
        self._texts = BatchRunner(_TEXTS_AT_ONCE)
        self._pictures = self._computed = 0

    @cached_property
    def _clip_card(self) -> ModelCard:
        return read_card(self._checkpoints[0], CLIP_FAMILIES)

    @cached_property
    def _blip_card(self) -> ModelCard:
        return read_card(self._checkpoints[1], BLIP_FAMILIES)

    @cached_property
    def _clip(self) -> Clip:
        with self._memory.stage("load_clip"):
            return Clip(self._clip_card, self._backend.clip(self._clip_card, self._device), self._device)

    @cached_property
    def _blip(self) -> Blip:
        with self._memory.stage("load_blip"):
            graphs = self._backend.blip(self._blip_card, self._device)
            return Blip(self._blip_card, graphs, self._device, self._caption_beams)

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
            if self._lanes:  # what is known before the first of them is how its models were loaded
                self._memory.forget()
            lanes = self._lanes_for(embed, caption)
        size = max((lane.batches.batch_size for lane in lanes), default=1)
        with Preparation({lane.name: lane.model.preprocessing for lane in lanes}) as preparation:
            windows = preparation.windows(pictures, size, lambda key: all(lane.knows(key) for lane in lanes))
            for window in windows:
                yield from self._answers(window, lanes)

    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray | ItemError]:
        """One float32 (dimensions,) vector of norm 1 per text, or its error, in order."""
        with self._turn:
            return self._texts.run(texts, self._clip.embed_texts)

    def ready(self) -> None:
        """See that weights or graphs are there for both models; loads none. Raises ModelError.

        It does not wait for its turn: a run that begins asks while `warm_up` loads, and is to decode meanwhile.
        """
        self._backend.check(self._clip_card, self._blip_card, self._device)

    def warm_up(self) -> None:
        """Begin to load both models in a thread of its own. What cannot be loaded is tried again where it is used."""
        threading.Thread(target=self._load, name="load models").start()

    def measures(self) -> Mapping[str, int | float]:
        """Batch sizes, and the memory in megabytes before and after each stage of the latest `infer`."""
        sizes = {f"{lane.name}_batch": lane.batches.batch_size for lane in list(self._lanes.values())}
        return sizes | self._memory.measures()

    def counts(self) -> Mapping[str, int]:
        """Pictures asked for and spared as exact copies, and each model's batches with the inputs in them."""
        told = {"pictures": self._pictures, "copies_spared": self._pictures - self._computed}
        for lane in list(self._lanes.values()):
            told |= lane.counts()
        return told

    def _load(self) -> None:
        with suppress(Exception):
            _ = self.clip, self.blip  # asking for either loads it

    def _answers(self, window: Window, lanes: Sequence[Lane]) -> Iterator[Inferred]:
        inputs = {lane.name: window.inputs(lane.name) for lane in lanes}  # waits, and others may have the device
        with self._turn:
            self._pictures += sum(isinstance(key, bytes) for key in window.keys)
            self._computed += sum(not all(lane.knows(key) for lane in lanes) for key in window.contents)
            answers = {lane.name: self._answer(lane, window.contents, inputs[lane.name]) for lane in lanes}
        for key in window.keys:
            yield Inferred(**{name: _at(key, found) for name, found in answers.items()})

    def _answer(
        self, lane: Lane, keys: Sequence[bytes], inputs: Mapping[bytes, np.ndarray | ItemError]
    ) -> Mapping[bytes, Any]:
        with self._memory.stage(lane.name):
            answers = lane.answer(keys, inputs)
        self._learnt.keep(self._size_key(lane.model), lane.batches.batch_size)
        return answers

    def _lanes_for(self, embed: bool, caption: bool) -> list[Lane]:
        """The lanes that are asked for, their models loaded."""
        asked = []
        if embed:
            asked.append(self._lane("vector", self._clip, self._device.clip_batch))
        if caption:
            asked.append(self._lane("caption", self._blip, self._device.caption_batch))
        return asked

    def _lane(self, name: str, model: PictureModel, most: int) -> Lane:
        if name not in self._lanes:
            shape, learnt = model.preprocessing.shape, self._learnt.get(self._size_key(model))
            self._lanes[name] = Lane(name, model, runner_for(model.infer, shape, most, self._device, learnt))
        return self._lanes[name]

    def _size_key(self, model: PictureModel) -> str:
        return size_key(model.provenance, self._device, model.preprocessing.shape)


def _at(key: bytes | ItemError, found: Mapping[bytes, Any]) -> Any:
    return key if isinstance(key, ItemError) else found[key]


# Two: the collection may be searched with an earlier CLIP model while the settings' makes another version.
@lru_cache(maxsize=2)
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
    """The process's one engine of these models: every run in this process shares them, loaded."""
    chosen = backend_named(backend, graphs, number_format)
    return InProcessEngine(*checkpoints(preset, clip, blip), learnt=learnt, backend=chosen, caption_beams=caption_beams)
