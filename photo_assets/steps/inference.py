"""image_embeddings and image_captions: both models fed from one read of the previews; caption_embeddings from words."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from photo_assets.progress import report
from photo_assets.steps.decoding import carried
from resources.decoding.previews import PreviewStore
from resources.inference.port import InferenceEngine, ItemError, Provenance
from resources.tables.schema import Row

_BEFORE = "_memory_before_mb"


def infer(
    decoded: Sequence[Row], previews: PreviewStore, engine: InferenceEngine, *, embed: bool, caption: bool
) -> tuple[list[Row], list[Row]]:
    """The rows of image_embeddings and of image_captions, one per decoded row, in order; empty where not asked for."""
    embeddings: list[Row] = []
    captions: list[Row] = []
    pictures = (_picture(row, previews) for row in decoded)
    inferred = engine.infer(pictures, embed=embed, caption=caption)
    for row, answer in zip(decoded, inferred, strict=True):
        if embed:
            embeddings.append(_embedding_row(row, answer.vector, engine.clip))
        if caption:
            captions.append(_caption_row(row, answer.caption, engine.blip))
        report("inferred")
    return embeddings, captions


def embed_captions(captions: Sequence[Row], engine: InferenceEngine) -> list[Row]:
    """The rows of caption_embeddings, one per caption, in order; what many captions say is embedded once."""
    words = list(dict.fromkeys(row["caption"] for row in captions if row["status"] == "ok"))
    vectors = dict(zip(words, engine.embed_texts(words), strict=True)) if words else {}
    return [_caption_vector_row(row, vectors.get(row["caption"]), engine.clip) for row in captions]


def by_batch(batches: Mapping[str, Sequence[Row]], rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Cut `rows`, one for each of the batches' rows in their order, into the batches again."""
    stream = iter(rows)
    return {batch: list(islice(stream, len(decoded))) for batch, decoded in batches.items()}


def told_since(before: Mapping[str, int], engine: InferenceEngine) -> dict[str, int | float]:
    """How things stand with the engine, what it has done since it counted `before`, and how full its batches were."""
    done = {name: count - before.get(name, 0) for name, count in engine.counts().items()}
    models = [name.removesuffix("_batches") for name, count in done.items() if name.endswith("_batches") and count]
    means = {f"mean_{model}_batch": done[f"{model}_inputs"] / done[f"{model}_batches"] for model in models}
    return {**engine.measures(), **done, **means}


def memory_lines(told: Mapping[str, int | float]) -> list[str]:
    """A line for the log on each stage of which the engine told the memory."""
    stages = [name.removesuffix(_BEFORE) for name in told if name.endswith(_BEFORE)]
    return [
        f"{stage}: memory {told[f'{stage}_memory_before_mb']:,.0f} MB before, "
        f"{told[f'{stage}_memory_after_mb']:,.0f} MB after, {told[f'{stage}_memory_peak_mb']:,.0f} MB at its peak"
        for stage in stages
    ]


def _picture(row: Row, previews: PreviewStore) -> bytes | ItemError:
    if row["status"] != "ok":
        return ItemError(row["error_kind"], row["error_message"])
    try:
        return previews.read_preview(row["photo_id"])
    except OSError as error:
        return ItemError("no_preview", f"its preview cannot be read ({error}); materialize decoded_images again")


def _embedding_row(row: Row, result: Any, made_by: Provenance) -> Row:
    model = {"clip_model": made_by.model, "clip_revision": made_by.revision}
    return _result_row(row, "vector", result, made_by) | model


def _caption_row(row: Row, result: Any, made_by: Provenance) -> Row:
    model = {"blip_model": made_by.model, "blip_revision": made_by.revision}
    written = {"caption_decoding": made_by.decoding or None}  # a service of an earlier version does not tell
    return _result_row(row, "caption", result, made_by) | model | written


def _caption_vector_row(row: Row, result: Any, made_by: Provenance) -> Row:
    model = {"clip_model": made_by.model, "clip_revision": made_by.revision, "inference_dtype": made_by.dtype}
    return _told(carried(row) | {"caption": row["caption"]} | model, "vector", result)


def _result_row(row: Row, column: str, result: Any, made_by: Provenance) -> Row:
    common = carried(row) | {"preprocessing": made_by.preprocessing, "inference_dtype": made_by.dtype}
    return _told(common, column, result)


def _told(common: Row, column: str, result: Any) -> Row:
    if isinstance(result, ItemError):
        return common | {"status": "failed", "error_kind": result.kind, "error_message": result.message}
    return common | {column: result}
