"""What `photos models export` does: sample pictures, the export, and its figures as a table.

Pictures of the demo's scenes prove the graphs, because they look like photos and every machine can paint them. Making
and proving graphs is resources/inference/exported's.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from rich.table import Table

from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import sample_scene
from photo_assets.settings import Settings
from photo_assets.terminal import err
from resources.inference.checkpoints import checkpoints
from resources.inference.exported.exporting import export_graphs
from resources.inference.exported.formats import FORMATS
from resources.inference.exported.parity import Samples

if TYPE_CHECKING:
    from resources.inference.exported.manifest import Manifest

_SEED = 20260
_SHORT_SIDE = 128  # pixels; what the scenes show does not depend on it
# One caption in fifty may differ in int8, none in float32.
_PICTURES_INT8, _PICTURES_EXACT = 100, 20
_TEXTS = ("", "a boat", "a red boat on a lake at night", "word " * 200, "写真 naïve ☃")


def export_models(values: Settings, form: str, target: Path, *, int8: bool) -> Table:
    """Export both models to `target`; the figures of parity, and which graphs have which precision."""
    configured = checkpoints(values.photo_models, values.photo_clip_model, values.photo_blip_model)
    with err.status("painting samples") as status:
        samples = scene_samples(_PICTURES_INT8 if int8 else _PICTURES_EXACT)
        manifest = export_graphs(configured, FORMATS[form], target, samples, int8=int8, tell=status.update)
    return _figures(manifest, target)


def scene_samples(count: int) -> Samples:
    """Pictures of `count` demo scenes, and their captions among texts of other lengths; always the same ones."""
    generator = np.random.default_rng(_SEED)
    scenes = [sample_scene(generator) for _ in range(count)]
    captions = dict.fromkeys(scene.caption for scene in scenes)
    return Samples([Image.fromarray(paint(scene, _SHORT_SIDE)) for scene in scenes], [*_TEXTS, *captions])


def _figures(manifest: "Manifest", target: Path) -> Table:
    table = Table("model", "precision", "agreement with torch", title=f"{manifest.format} graphs in {target}")
    for model in manifest.models.values():
        precisions = (f"{name} {graph.precision}" for name, graph in model.graphs.items())
        figures = (f"{name} {figure:.5f}" for name, figure in model.parity.items())
        table.add_row(model.checkpoint, "\n".join(precisions), "\n".join(figures))
    return table
