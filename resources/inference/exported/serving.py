"""The backend that runs exported graphs, each file checked as it is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.inference.backends import Backend
from resources.inference.blip import BlipGraphs
from resources.inference.clip import ClipGraphs
from resources.inference.devices import Device
from resources.inference.exported.formats import FORMATS
from resources.inference.exported.manifest import GraphFolder
from resources.inference.exported.parts import GraphFormat, assembled_blip, assembled_clip
from resources.inference.loading import ModelCard


def exported_backend(name: str, path: Path) -> Backend:
    """The graphs in a folder, of the format `name`."""
    exported = _Exported(path, FORMATS[name])
    return Backend(exported.form.runs_on, exported.clip, exported.blip, exported.check)


@dataclass(frozen=True)
class _Exported:
    path: Path
    form: GraphFormat

    def clip(self, card: ModelCard, device: Device) -> ClipGraphs:
        """Both towers. Raises GraphsUnusable."""
        graphs: ClipGraphs = self._assembled("clip", assembled_clip, card, device)
        return graphs

    def blip(self, card: ModelCard, device: Device) -> BlipGraphs:
        """The captioning parts. Raises GraphsUnusable."""
        graphs: BlipGraphs = self._assembled("blip", assembled_blip, card, device)
        return graphs

    def check(self, clip: ModelCard, blip: ModelCard, device: Device) -> None:
        """See that the folder holds both models' graphs. Raises GraphsUnusable."""
        folder = GraphFolder(self.path, self.form, device)
        folder.model("clip", clip)
        folder.model("blip", blip)

    def _assembled(self, name: str, assemble: Any, card: ModelCard, device: Device) -> Any:
        folder = GraphFolder(self.path, self.form, device)
        record = folder.model(name, card)
        return assemble(
            lambda graph: self.form.load(folder.read(record, graph), device), f"{self.form.name}-{record.precision}"
        )
