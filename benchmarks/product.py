"""The product in a benchmark's process: settings for fresh state, an ingest without a display.

What belongs here: what several measured processes do with the product alike. What does not: clocks. The product is
imported where it is used, since some of these processes must not load it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.inference_choice import SMALL

if TYPE_CHECKING:
    from photo_assets.ingest import Ingested
    from photo_assets.settings import Settings


def settings_for(photos: Path, data: Path, family: str, models: Path) -> "Settings":
    """Settings for the photos and a folder for state, with the models of a family; those of full size lie in `models`.

    They are set in this process's environment too.
    """
    from photo_assets.settings import load_settings

    own = environment_for(photos, data)
    if family != SMALL:
        own |= {"PHOTO_CLIP_MODEL": str(models / "clip-full-size"), "PHOTO_BLIP_MODEL": str(models / "blip-full-size")}
    os.environ |= own
    return load_settings()


def environment_for(photos: Path, data: Path) -> dict[str, str]:
    """The variables that say so, with the small models."""
    return {"PHOTO_DATA": str(data), "PHOTO_LIBRARY": str(photos), "PHOTO_MODELS": "small", "DAGSTER_HOME": ""}


def ingest_all(settings: "Settings") -> "Ingested":
    """What `photos ingest` does."""
    from photo_assets.ingest import ingest

    return ingest(settings, settings.library_roots, lambda total: lambda stage, done: None)
