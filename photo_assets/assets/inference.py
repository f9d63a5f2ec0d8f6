"""The inference assets: one multi-asset, because one read of the previews feeds both models."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.outcome import Stopwatch, materialized_batches
from photo_assets.checks import captions_not_empty, check_specs, rows_complete, vectors_are_unit
from photo_assets.partitions import BATCHES
from photo_assets.specs import described
from resources.decoding.resource import DecodingResource
from resources.inference.resource import InferenceResource
from resources.tables.schema import Row

# In one run of a backfill: enough to fill a GPU with small batches, and few enough to lose when a run fails.
MAX_BATCHES = 16


@dg.multi_asset(
    outs={name: dg.AssetOut(**described(name), is_required=False) for name in ("image_embeddings", "image_captions")},
    check_specs=[*check_specs("image_embeddings"), *check_specs("image_captions")],
    partitions_def=BATCHES,
    can_subset=True,
    pool="device",
    backfill_policy=dg.BackfillPolicy.multi_run(MAX_BATCHES),
)
def image_inference(
    context: dg.AssetExecutionContext, decoded_images: Frame, decoding: DecodingResource, inference: InferenceResource
) -> Iterator[dg.MaterializeResult]:
    """Embed and caption the previews of the run's batches as one stream, or do the one of the two that was selected."""
    from photo_assets.reporting import captions_shown
    from photo_assets.steps.inference import by_batch, infer, memory_lines, told_since

    watch = Stopwatch()
    wanted = {key.path[-1] for key in context.selected_asset_keys}
    engine = inference.engine()
    batches = _rows_by_batch(context, decoded_images)
    decoded = [row for rows in batches.values() for row in rows]
    before = engine.counts()
    embeddings, captions = infer(
        decoded,
        decoding.previews(),
        engine,
        embed="image_embeddings" in wanted,
        caption="image_captions" in wanted,
    )
    told = told_since(before, engine)
    for line in memory_lines(told):
        context.log.info(line)
    expected = [row["photo_id"] for row in decoded]
    if "image_embeddings" in wanted:
        checks = [rows_complete("image_embeddings", expected, embeddings), vectors_are_unit(embeddings)]
        more = {"model": engine.clip.model, "revision": engine.clip.revision, "device": engine.device} | told
        yield materialized_batches(context, "image_embeddings", by_batch(batches, embeddings), watch, checks, **more)
    if "image_captions" in wanted:
        checks = [rows_complete("image_captions", expected, captions), captions_not_empty(captions)]
        more = {"model": engine.blip.model, "revision": engine.blip.revision, "device": engine.device} | told
        for batch, rows in by_batch(batches, captions).items():
            context.add_asset_metadata({"captions": dg.MetadataValue.md(captions_shown(rows))}, "image_captions", batch)
        yield materialized_batches(context, "image_captions", by_batch(batches, captions), watch, checks, **more)


def _rows_by_batch(context: dg.AssetExecutionContext, frames: Any) -> dict[str, list[Row]]:
    """The rows of each of the run's batches, in the batches' order; a run of one is given its frame alone."""
    from resources.tables.frames import rows_of

    keys = context.partition_keys
    return {key: rows_of(frames[key] if len(keys) > 1 else frames) for key in keys}
