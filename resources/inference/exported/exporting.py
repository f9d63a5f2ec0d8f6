"""Making a folder of exported graphs that has proved itself before it is in place.

What belongs here: the export as a whole and its manifest. What does not: one model's graphs (model_export.py), and
how a folder comes into place (placing.py).
"""

from collections.abc import Callable
from pathlib import Path

from resources.inference.checkpoints import Checkpoint
from resources.inference.exported.manifest import ANY_DEVICE, MANIFEST, Manifest, library_versions
from resources.inference.exported.model_export import KINDS, ModelExport
from resources.inference.exported.parity import Samples
from resources.inference.exported.parts import GraphFormat
from resources.inference.exported.placing import unfinished_folder
from resources.inference.loading import read_card


def export_graphs(
    checkpoints: tuple[Checkpoint, Checkpoint],
    form: GraphFormat,
    target: Path,
    samples: Samples,
    *,
    int8: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Export the CLIP and the BLIP checkpoint to the folder `target`, which appears whole or not at all.

    With `int8` (ONNX only) each graph is made int8 that passes the gate for it. Raises ModelError.
    """
    with unfinished_folder(target) as folder:
        models = {
            name: ModelExport(kind, read_card(checkpoint, kind.families), form, folder, samples, tell).record(int8)
            for (name, kind), checkpoint in zip(KINDS.items(), checkpoints, strict=True)
        }
        device = ANY_DEVICE if form.portable else form.traced_on().name
        manifest = Manifest(
            format=form.name,
            device=device,
            samples=len(samples.pictures),
            models=models,
            versions=library_versions(form),
        )
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")
    return manifest
