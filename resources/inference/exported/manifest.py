"""What a folder of exported graphs says of itself, and reading it with no more trust than its hashes earn.

What belongs here: the manifest's fields, and every reason to refuse a folder. What does not: making one
(exporting.py) and running what is in it (parts.py names the graphs).
"""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from resources.inference.devices import Device
from resources.inference.errors import GraphsUnusable
from resources.inference.exported.parts import GraphFormat
from resources.inference.loading import ModelCard

MANIFEST = "manifest.json"

ANY_DEVICE = "any"
_LIBRARIES = {"torchscript": ("torch", "transformers"), "onnx": ("torch", "transformers", "onnx", "onnxruntime")}
_LONGEST_BYTES = 1_000_000


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GraphRecord(_Record):
    """One file."""

    sha256: str
    precision: str


class ModelRecord(_Record):
    """The checkpoint that graphs were made from, and the graphs by name.

    `parity` is how far they agree with torch in FP32; `not_int8` holds, by graph, what int8 would have made of it.
    """

    checkpoint: str
    revision: str
    preprocessing: str
    graphs: dict[str, GraphRecord]
    parity: dict[str, float]
    not_int8: dict[str, dict[str, float]]

    @property
    def precision(self) -> str:
        """Int8 if any graph is, else what all are."""
        found = {graph.precision for graph in self.graphs.values()}
        return "int8" if "int8" in found else found.pop()


class Manifest(_Record):
    """A whole export; `samples` counts the pictures that parity was measured on.

    `layout` 2: a caption's step takes several rows to a picture.
    """

    layout: Literal[2] = 2
    format: str
    device: str
    samples: int
    models: dict[str, ModelRecord]
    versions: dict[str, str]


class GraphFolder:
    """A folder that was exported, opened for one format on one device. Raises GraphsUnusable."""

    def __init__(self, path: Path, form: GraphFormat, device: Device) -> None:
        self._path, self._format = path, form
        self._manifest = self._read_manifest()
        if self._manifest.format != form.name:
            raise self._refused(f"holds {self._manifest.format} graphs")
        if self._manifest.device not in (ANY_DEVICE, device.name):
            raise self._refused(f"was made for {self._manifest.device}, and this process runs on {device.name}")

    def model(self, name: str, card: ModelCard) -> ModelRecord:
        """What is known of one model, if it was made from the configured checkpoint."""
        record = self._manifest.models.get(name)
        if record is None:
            raise self._refused(f"has no {name}")
        made_from = (record.checkpoint, record.revision, record.preprocessing)
        wanted = (card.checkpoint.name, card.checkpoint.revision, card.preprocessing.label)
        if made_from != wanted:
            raise self._refused(f"was made from {' '.join(made_from)}, and {' '.join(wanted)} is configured")
        return record

    def read(self, record: ModelRecord, graph: str) -> bytes:
        """A graph's file, whole and as it was written."""
        try:
            content = (self._path / file_name(graph, self._format)).read_bytes()
        except OSError as error:
            raise self._refused(f"lacks a file ({error.strerror}: {graph})") from error
        if graph not in record.graphs or sha256(content) != record.graphs[graph].sha256:
            raise self._refused(f"has been changed or torn: {file_name(graph, self._format)} is not what was exported")
        return content

    def _read_manifest(self) -> Manifest:
        try:
            with (self._path / MANIFEST).open("rb") as file:
                return Manifest.model_validate_json(file.read(_LONGEST_BYTES))
        except OSError as error:
            raise self._refused(f"has no readable {MANIFEST} ({error.strerror})") from error
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise self._refused(f"has a {MANIFEST} that this version cannot read ({reason})") from error

    def _refused(self, reason: str) -> GraphsUnusable:
        return GraphsUnusable(self._path, reason, self._format.name)


def file_name(graph: str, form: GraphFormat) -> str:
    """Never read from the manifest, so that no manifest can name a file elsewhere."""
    return graph + form.suffix


def sha256(content: bytes) -> str:
    """As the manifest writes it."""
    return hashlib.sha256(content).hexdigest()


def library_versions(form: GraphFormat) -> dict[str, str]:
    """What the graphs are made with. Asked of the modules: ONNX Runtime comes in packages of several names."""
    return {library: import_module(library).__version__ for library in _LIBRARIES[form.name]}
