"""The inference assets: one multi-asset, because one read of the previews feeds both models."""

from collections.abc import Iterator

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.outcome import Stopwatch, materialized
from photo_assets.checks import captions_not_empty, check_specs, rows_complete, vectors_are_unit
from photo_assets.partitions import BATCHES
from photo_assets.specs import described
from resources.decoding.resource import DecodingResource
from resources.inference.resource import InferenceResource


@dg.multi_asset(
    outs={name: dg.AssetOut(**described(name), is_required=False) for name in ("image_embeddings", "image_captions")},
    check_specs=[*check_specs("image_embeddings"), *check_specs("image_captions")],
    partitions_def=BATCHES,
    can_subset=True,
    pool="device",
)
def image_inference(
    context: dg.AssetExecutionContext, decoded_images: Frame, decoding: DecodingResource, inference: InferenceResource
) -> Iterator[dg.MaterializeResult]:
    """Embed and caption the batch's previews, or do the one of the two that was selected."""
    from photo_assets.reporting import captions_shown
    from photo_assets.steps.inference import infer
    from resources.tables.frames import rows_of

    watch = Stopwatch()
    wanted = {key.path[-1] for key in context.selected_asset_keys}
    engine = inference.engine()
    decoded = rows_of(decoded_images)
    embeddings, captions = infer(
        decoded,
        decoding.previews(),
        engine,
        embed="image_embeddings" in wanted,
        caption="image_captions" in wanted,
    )
    expected = [row["photo_id"] for row in decoded]
    if "image_embeddings" in wanted:
        checks = [rows_complete("image_embeddings", expected, embeddings), vectors_are_unit(embeddings)]
        model = {"model": engine.clip.model, "revision": engine.clip.revision, "device": engine.device}
        yield materialized("image_embeddings", embeddings, watch, checks, **model, **engine.measures())
    if "image_captions" in wanted:
        checks = [rows_complete("image_captions", expected, captions), captions_not_empty(captions)]
        model = {"model": engine.blip.model, "revision": engine.blip.revision, "device": engine.device}
        shown = dg.MetadataValue.md(captions_shown(captions))
        yield materialized("image_captions", captions, watch, checks, **model, **engine.measures(), captions=shown)
