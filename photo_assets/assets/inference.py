"""The inference assets: one multi-asset, because one read of the previews feeds both models, and what captions say."""

from collections.abc import Iterator

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.inputs import tables_of
from photo_assets.assets.outcome import Stopwatch, materialized
from photo_assets.checks import captions_not_empty, check_specs, rows_complete, vectors_are_unit
from photo_assets.partitions import BATCHES
from photo_assets.provenance import caption_vector_facts, model_facts
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
    """Embed and caption the previews of the run's batches as one stream, or do the one of the two that was selected."""
    from photo_assets.reporting import captions_shown
    from photo_assets.steps.inference import by_batch, infer, memory_lines, told_since

    watch = Stopwatch()
    wanted = {key.path[-1] for key in context.selected_asset_keys}
    engine = inference.engine()
    upstream = tables_of(context, decoded_images)
    batches = {batch: table.rows for batch, table in upstream.items()}
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
        checks = [
            rows_complete("image_embeddings", expected, embeddings),
            vectors_are_unit("image_embeddings", embeddings),
        ]
        more = {"model": engine.clip.model, "revision": engine.clip.revision, "device": engine.device} | told
        facts = {key: model_facts("image_embeddings", engine.clip, each.made_by) for key, each in upstream.items()}
        yield materialized(context, "image_embeddings", by_batch(batches, embeddings), facts, watch, checks, **more)
    if "image_captions" in wanted:
        checks = [rows_complete("image_captions", expected, captions), captions_not_empty(captions)]
        more = {"model": engine.blip.model, "revision": engine.blip.revision, "device": engine.device} | told
        facts = {key: model_facts("image_captions", engine.blip, each.made_by) for key, each in upstream.items()}
        for batch, rows in by_batch(batches, captions).items():
            context.add_asset_metadata({"captions": dg.MetadataValue.md(captions_shown(rows))}, "image_captions", batch)
        yield materialized(context, "image_captions", by_batch(batches, captions), facts, watch, checks, **more)


@dg.asset(
    **described("caption_embeddings"),
    partitions_def=BATCHES,
    check_specs=check_specs("caption_embeddings"),
    pool="device",
)
def caption_embeddings(
    context: dg.AssetExecutionContext, image_captions: Frame, inference: InferenceResource
) -> dg.MaterializeResult:
    """Embed what the captions of the run's batches say; no preview is read."""
    from photo_assets.steps.inference import by_batch, embed_captions

    watch = Stopwatch()
    engine = inference.engine()
    upstream = tables_of(context, image_captions)
    batches = {batch: table.rows for batch, table in upstream.items()}
    captions = [row for rows in batches.values() for row in rows]
    rows = embed_captions(captions, engine)
    facts = {batch: caption_vector_facts(engine.clip, table.made_by) for batch, table in upstream.items()}
    expected = [row["photo_id"] for row in captions]
    checks = [rows_complete("caption_embeddings", expected, rows), vectors_are_unit("caption_embeddings", rows)]
    return materialized(
        context,
        "caption_embeddings",
        by_batch(batches, rows),
        facts,
        watch,
        checks,
        model=engine.clip.model,
        revision=engine.clip.revision,
        device=engine.device,
        different_captions=len({row["caption"] for row in captions if row["caption"]}),
    )
