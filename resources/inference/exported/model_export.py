"""One model's graphs: written, loaded as written, compared with torch in FP32, made int8 where that holds.

What belongs here: what is done with one model, and what differs between the two. What does not: formats (formats.py),
figures (parity.py), and the folder as a whole (exporting.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from resources.inference.blip import BLIP_FAMILIES, Blip, torch_blip
from resources.inference.clip import CLIP_FAMILIES, Clip, torch_clip
from resources.inference.devices import Device
from resources.inference.errors import ExportFailed
from resources.inference.exported.manifest import GraphRecord, ModelRecord, file_name, sha256
from resources.inference.exported.onnx import write_int8
from resources.inference.exported.parity import (
    EXACT,
    INT8,
    Answers,
    Samples,
    agreement,
    blip_answers,
    clip_answers,
    shortfall,
)
from resources.inference.exported.parts import GraphFormat, Part, assembled_blip, assembled_clip, blip_parts, clip_parts
from resources.inference.loading import ModelCard

_REFERENCE = Device("cpu", torch.float32, clip_batch=32, caption_batch=32)


@dataclass(frozen=True)
class Kind:
    """What differs between the two models."""

    families: Mapping[str, Any]
    from_torch: Callable[[ModelCard, Device], Any]
    parts: Callable[[ModelCard, Any, Device], list[Part]]
    assemble: Callable[..., Any]
    model: Callable[[ModelCard, Any, Device], Any]
    answers: Callable[[Any, Samples], Answers]


KINDS = {
    "clip": Kind(CLIP_FAMILIES, torch_clip, clip_parts, assembled_clip, Clip, clip_answers),
    "blip": Kind(BLIP_FAMILIES, torch_blip, blip_parts, assembled_blip, Blip, blip_answers),
}


class ModelExport:
    """One model's graphs in a folder that is being filled."""

    def __init__(
        self,
        kind: Kind,
        card: ModelCard,
        form: GraphFormat,
        folder: Path,
        samples: Samples,
        tell: Callable[[str], None],
    ) -> None:
        self._kind, self._card, self._format, self._folder = kind, card, form, folder
        self._samples, self._tell = samples, tell
        self._precisions: dict[str, str] = {}
        self._not_int8: dict[str, dict[str, float]] = {}

    def record(self, int8: bool) -> ModelRecord:
        """Write and prove the graphs."""
        self._write()
        self._tell(f"{self._card.checkpoint.name}: comparing with torch in float32")
        reference = self._answers_of(self._kind.from_torch(self._card, _REFERENCE), _REFERENCE)
        figures = agreement(reference, self._answers())
        if short := shortfall(figures, EXACT):
            raise ExportFailed(
                f"the exported {self._card.checkpoint.name} differs from torch: {short}. Nothing was kept; run it with "
                "PHOTO_INFERENCE_BACKEND=torch"
            )
        for graph in list(self._precisions) if int8 else []:
            figures = self._try_int8(graph, reference, figures)
        return self._record(figures)

    def _write(self) -> None:
        device = self._format.traced_on()
        for part in self._kind.parts(self._card, self._kind.from_torch(self._card, device), device):
            self._tell(f"{part.name}: writing")
            self._format.write(part, self._path(part.name))
            self._precisions[part.name] = device.dtype_name

    def _try_int8(self, graph: str, reference: Answers, figures: dict[str, float]) -> dict[str, float]:
        """Keep the graph in int8 if the whole model still agrees well enough; return the figures then in force."""
        self._tell(f"{graph}: trying int8")
        path, exact = self._path(graph), self._path(graph).with_suffix(".exact")
        path.rename(exact)
        write_int8(exact, path)
        tried = agreement(reference, self._answers())
        if shortfall(tried, INT8):
            self._not_int8[graph] = tried
            exact.replace(path)
            return figures
        exact.unlink()
        self._precisions[graph] = "int8"
        return tried

    def _answers(self) -> Answers:
        """What the files as they are now answer."""
        device = self._format.runs_on()
        graphs = self._kind.assemble(lambda name: self._format.load(self._path(name).read_bytes(), device), "")
        return self._answers_of(graphs, device)

    def _answers_of(self, graphs: Any, device: Device) -> Answers:
        return self._kind.answers(self._kind.model(self._card, graphs, device), self._samples)

    def _record(self, figures: dict[str, float]) -> ModelRecord:
        checkpoint = self._card.checkpoint
        graphs = {
            name: GraphRecord(sha256=sha256(self._path(name).read_bytes()), precision=precision)
            for name, precision in self._precisions.items()
        }
        return ModelRecord(
            checkpoint=checkpoint.name,
            revision=checkpoint.revision,
            preprocessing=self._card.preprocessing.label,
            graphs=graphs,
            parity=figures,
            not_int8=self._not_int8,
        )

    def _path(self, graph: str) -> Path:
        return self._folder / file_name(graph, self._format)
