"""Inference as a Dagster resource: which checkpoints this deployment uses."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from resources.inference.port import InferenceEngine


class InferenceResource(dg.ConfigurableResource):
    """A preset, a checkpoint of one's own for CLIP or BLIP where one is named, and the folder of what is learnt."""

    preset: str
    state_directory: str
    clip_model: str = ""
    blip_model: str = ""

    def engine(self) -> "InferenceEngine":
        """The process's engine: models load on first use and are shared by every run in this process."""
        from resources.inference.engine import engine_for

        return engine_for(
            self.preset, self.clip_model, self.blip_model, Path(self.state_directory) / "batch_sizes.json"
        )
