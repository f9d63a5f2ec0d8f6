"""Which weights are used and where they lie: names, pinned revisions, local folders.

Only finding and identifying checkpoints; loading them is clip.py's and blip.py's, so torch is not imported. Safetensors
come first; a pickle is read only where upstream offers nothing else, and then as weights only. Code from a hub is never
run.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from transformers.utils import IMAGE_PROCESSOR_NAME, PROCESSOR_NAME
from transformers.utils.hub import cached_file, has_file

from resources.errors import first_line
from resources.inference.errors import ModelUnavailable

# The names under which the library looks for weights, whole or in several files.
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)

SMALL_MODELS = Path(__file__).parent / "small_models"

# Hub checkpoints are named with the commit that was tried, so the same name stays the same weights.
DEFAULT_CLIP = "openai/clip-vit-base-patch32@3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
DEFAULT_BLIP = "Salesforce/blip-image-captioning-base@82a37760796d32b1411fe092ab5d4e227313294b"

PRESETS = {
    "default": (DEFAULT_CLIP, DEFAULT_BLIP),
    "small": (str(SMALL_MODELS / "clip"), str(SMALL_MODELS / "blip")),
}


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as configured: `source` is a folder or hub id[@revision], `variable` the setting that names it."""

    source: str
    variable: str

    @property
    def folder(self) -> Path | None:
        """The local folder, None for a hub checkpoint."""
        path = Path(self.source).expanduser()
        return path if path.is_dir() else None

    @property
    def location(self) -> str:
        """What `from_pretrained` is given."""
        return str(self.folder) if self.folder else self.source.partition("@")[0]

    @property
    def name(self) -> str:
        """The name in provenance: the hub id, or the folder's own name without its place on this machine."""
        if self.folder is None:
            return self.location
        preset = self.folder.resolve().parent == SMALL_MODELS
        return f"small-{self.folder.name}" if preset else self.folder.resolve().name

    @cached_property
    def revision(self) -> str:
        """The hub commit, or a hash of a local folder's weights: other weights are another revision."""
        if self.folder is None:
            return self.source.partition("@")[2] or "main"
        return _content_hash(self.folder)

    def load(self, from_pretrained: Callable[..., Any], **options: Any) -> Any:
        """Call a `from_pretrained` on this checkpoint. Raises ModelUnavailable."""
        if self.folder is None and self.source.startswith((".", "/", "~")):
            raise ModelUnavailable(self.source, self.variable, "no such folder")
        revision = {} if self.folder else {"revision": self.revision}
        try:
            return from_pretrained(self.location, trust_remote_code=False, **revision, **options)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(self.source, self.variable, first_line(error)) from error

    def check_weights(self) -> None:
        """See that there are weights to load, in the folder, in the cache or at the hub. Raises ModelUnavailable."""
        if not self.load(_has_weights):
            raise ModelUnavailable(self.source, self.variable, "it has no weights")

    def preprocessor_config(self) -> dict[str, Any]:
        """What preprocessor_config.json says of the images this model wants. Raises ModelUnavailable."""
        config: dict[str, Any] = self.load(_image_config)
        if not config:
            raise ModelUnavailable(self.source, self.variable, "it has no preprocessor_config.json")
        return config


def checkpoints(preset: str, clip: str = "", blip: str = "") -> tuple[Checkpoint, Checkpoint]:
    """The CLIP and the BLIP checkpoint of a preset, each overridden by a name of its own where one is given."""
    default_clip, default_blip = PRESETS[preset]
    return (
        Checkpoint(clip or default_clip, "PHOTO_CLIP_MODEL"),
        Checkpoint(blip or default_blip, "PHOTO_BLIP_MODEL"),
    )


def again(model: str, revision: str, folder: str | None = None) -> Checkpoint:
    """The CLIP checkpoint that provenance tells of; `folder` is where it lay, if it is neither a hub's nor ours.

    Raises ModelUnavailable where it cannot be found, or is another by now.
    """
    found = Checkpoint(folder or _source_of(model, revision), "PHOTO_CLIP_MODEL")
    if found.folder is not None and found.revision != revision:
        raise ModelUnavailable(model, found.variable, f"{found.folder} holds another revision than {revision}")
    return found


def _source_of(model: str, revision: str) -> str:
    packaged = SMALL_MODELS / model.removeprefix("small-")
    if model.startswith("small-") and packaged.is_dir():
        return str(packaged)
    if "/" not in model:  # what a folder is called; a hub id has its owner before it
        raise ModelUnavailable(model, "PHOTO_CLIP_MODEL", "it is not known in which folder it lies")
    return f"{model}@{revision}"


def _has_weights(location: str, revision: str | None = None, **_: Any) -> bool:
    here = any(has_file(location, name, revision, local_files_only=True) for name in _WEIGHTS)
    return here or any(has_file(location, name, revision) for name in _WEIGHTS)


def _image_config(location: str, revision: str | None = None, **_: Any) -> dict[str, Any]:
    """As the library reads it, whose own function imports torch: newer checkpoints have it inside another file."""
    inside = _json_of(location, PROCESSOR_NAME, revision).get("image_processor")
    return inside or _json_of(location, IMAGE_PROCESSOR_NAME, revision)


def _json_of(location: str, name: str, revision: str | None) -> dict[str, Any]:
    """The file's content; empty where the checkpoint has no such file."""
    path = cached_file(location, name, revision=revision, _raise_exceptions_for_missing_entries=False)
    return json.loads(Path(path).read_text()) if path else {}


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in {".safetensors", ".bin", ".json", ".txt"}:
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:40]
