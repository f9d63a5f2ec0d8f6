"""Which batches are to be done again, which of their assets, and why; nothing is run here.

A batch is due when no run has ended it, or when one of its tables would be made otherwise now. Every table tells of its
upstream tables too, so whatever lies downstream of a stale table is stale itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import dagster as dg

from photo_assets.jobs import BATCH_ASSETS, ingest_batch
from photo_assets.provenance import Facts, current
from photo_assets.run_tags import run_tags
from resources.decoding.resource import DecodingResource
from resources.inference.resource import InferenceResource

if TYPE_CHECKING:
    from resources.inference.port import Provenance
    from resources.library.ledger import Ledger

UNENDED = "no run has ended it"


@dataclass(frozen=True)
class Due:
    """A batch that is to be done again: its number of files, the assets to run, and why, one reason a line."""

    batch: str
    files: int
    assets: tuple[str, ...]
    why: tuple[str, ...]

    def request(self, run_key: str, started_by: str) -> dg.RunRequest:
        """A run that does it."""
        return dg.RunRequest(
            run_key,
            job_name=ingest_batch.name,
            partition_key=self.batch,
            asset_selection=self.selection(),
            tags=run_tags([self.batch], self.files, started_by),
        )

    def selection(self) -> list[dg.AssetKey]:
        """The assets to run, as Dagster names them."""
        return [dg.AssetKey(name) for name in self.assets]


def current_provenance(decoding: DecodingResource, inference: InferenceResource) -> list[dict[str, Facts]]:
    """What the tables of a batch with RAW photos, and of one without, would be made by now; loads no model.

    Raises ModelError.
    """
    models = inference.provenance()
    return [current(decoding.policy(has_raw=has_raw), *models) for has_raw in (True, False)]


def likely_provenance(
    ledger: "Ledger", decoding: DecodingResource, inference: InferenceResource
) -> tuple[list[dict[str, Facts]], list[str]]:
    """The same also where a model is not here, and in words what could not be told of it.

    How it prepares pictures stands in its files and not in the settings; it is taken to be as it is written of a batch.
    """
    clip, blip = inference.provenance(whole=False)
    either = product(_likely(ledger, "image_embeddings", clip), _likely(ledger, "image_captions", blip))
    made_by = [current(decoding.policy(has_raw=raw), *models) for models in either for raw in (True, False)]
    unknown = [
        f"{each.model} cannot be had here: how it prepares pictures is not known, and taken to be as it was"
        for each in (clip, blip)
        if not each.preprocessing
    ]
    return made_by, unknown


def plan_refresh(ledger: "Ledger", made_by: Sequence[Mapping[str, Facts]]) -> list[Due]:
    """The batches that are due where tables are to be as one of `made_by` says, oldest first."""
    planned = ledger.batch_sizes(ledger.planned_batches())
    unended = [Due(batch, files, tuple(BATCH_ASSETS), (UNENDED,)) for batch, files in planned.items()]
    stale = [Due(each.key, each.size, tuple(each.tables), _why(each.tables)) for each in ledger.stale_batches(*made_by)]
    return sorted(unended + stale, key=lambda due: due.batch)  # keys begin with the time


def _likely(ledger: "Ledger", asset: str, model: "Provenance") -> "list[Provenance]":
    if model.preprocessing:
        return [model]
    written = ledger.written_values(asset, "preprocessing") or {"unknown"}
    return [replace(model, preprocessing=each) for each in sorted(written)]


def _why(tables: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What differs by itself; that a table has another upstream follows from it."""
    own = [f"{name}: {reason}" for name, reasons in tables.items() for reason in reasons]
    return tuple(reason for reason in own if ": another " not in reason) or tuple(own)
