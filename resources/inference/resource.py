"""Inference as a Dagster resource: which checkpoints this deployment uses, or which service has them."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from resources.inference.importing import torch_imported

if TYPE_CHECKING:
    from resources.inference.port import InferenceEngine, Provenance

# The step that is given pictures; what else a run asks of the models is a word about them, or comes late.
_INFERRING_STEP = "image_inference"

# A schedule that asks is cut at a minute.
_SOON_S = 10.0


class InferenceResource(dg.ConfigurableResource):
    """A preset, a checkpoint of one's own for CLIP or BLIP where one is named, and the folder of what is learnt.

    `backend` computes them: torch in `number_format`, or the exported graphs in `graphs_directory` by torchscript or
    onnx.
    Where `url` names an inference service, that one's models are used instead.
    """

    preset: str
    state_directory: str
    clip_model: str = ""
    blip_model: str = ""
    backend: str = "torch"
    number_format: str = "auto"
    caption_beams: int = 1
    graphs_directory: str = ""
    url: str = ""
    token: str = Field("", repr=False)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """See as a run that infers begins, before its first photo is decoded, that the models are there.

        Raises ModelError. Other runs use this resource too, and so does the command line.
        """
        if _INFERRING_STEP in _steps_of(context):
            self.engine().ready()

    def provenance(self, *, whole: bool = True) -> tuple["Provenance", "Provenance"]:
        """What would make embeddings and captions now, but for the number format, at the cost of no model.

        Raises ModelUnavailable, or ServiceError where a service that has the models does not answer soon. Unless the
        `whole` is asked for, a model that cannot be had is told as far as the settings know it: `preprocessing` is
        empty.
        """
        if self.url:
            from resources.inference.client import RemoteEngine
            from resources.inference.patience import Patience

            service = RemoteEngine(self.url, self.token, Patience(unreachable_s=_SOON_S, busy_s=_SOON_S))
            return service.clip, service.blip
        from resources.inference.provenance import configured

        return configured(self.preset, self.clip_model, self.blip_model, self.caption_beams, whole=whole)

    def clip_folder(self) -> str | None:
        """Where the CLIP checkpoint lies, if neither a hub nor the package has it; not known of a service's."""
        from resources.inference.checkpoints import SMALL_MODELS, checkpoints

        folder = None if self.url else checkpoints(self.preset, self.clip_model)[0].folder
        return None if folder is None or folder.resolve().parent == SMALL_MODELS else str(folder.resolve())

    def engine_of(self, model: str, revision: str, folder: str | None) -> "InferenceEngine":
        """An engine of another CLIP model than the settings', for what it embedded earlier; torch, in this process.

        `folder` is where the checkpoint lay, if it is neither a hub's nor the package's. Raises ModelError.
        """
        with torch_imported():
            from resources.inference.checkpoints import again
            from resources.inference.engine import engine_for

        source = again(model, revision, folder).source
        learnt = Path(self.state_directory) / "batch_sizes.json"
        return engine_for(self.preset, source, self.blip_model, learnt, number_format=self.number_format)

    def engine(self) -> "InferenceEngine":
        """The process's engine: models load on first use and are shared by every run in this process."""
        if self.url:
            from resources.inference.client import remote_engine

            return remote_engine(self.url, self.token)
        with torch_imported():
            from resources.inference.engine import engine_for

        return engine_for(
            self.preset,
            self.clip_model,
            self.blip_model,
            Path(self.state_directory) / "batch_sizes.json",
            self.backend,
            Path(self.graphs_directory),
            self.number_format,
            self.caption_beams,
        )


def _steps_of(context: dg.InitResourceContext) -> Collection[str]:
    """The steps of the run that is about to begin; none outside a run."""
    if context.run is None or context.instance is None or context.run.execution_plan_snapshot_id is None:
        return ()
    return context.instance.get_execution_plan_snapshot(context.run.execution_plan_snapshot_id).step_keys_to_execute
