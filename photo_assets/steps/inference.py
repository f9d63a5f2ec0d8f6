"""image_embeddings and image_captions: both models fed from one read of the previews."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from photo_assets.progress import report
from photo_assets.steps.decoding import carried
from resources.decoding.previews import PreviewStore
from resources.inference.port import InferenceEngine, ItemError, Provenance
from resources.tables.schema import Row

# Previews in memory at a time, about 1.2 MB each.
CHUNK = 64

Images = list[np.ndarray | ItemError]


def infer(
    decoded: Sequence[Row], previews: PreviewStore, engine: InferenceEngine, *, embed: bool, caption: bool
) -> tuple[list[Row], list[Row]]:
    """The rows of image_embeddings and of image_captions, one per decoded row, in order; empty where not asked for."""
    embeddings: list[Row] = []
    captions: list[Row] = []
    for chunk in _chunks(decoded):
        images = [_image(row, previews) for row in chunk]
        if embed:
            vectors = _in_place(images, engine.embed_images)
            embeddings += [_embedding_row(*pair, engine.clip) for pair in zip(chunk, vectors, strict=True)]
        if caption:
            texts = _in_place(images, engine.caption_images)
            captions += [_caption_row(*pair, engine.blip) for pair in zip(chunk, texts, strict=True)]
        report("inferred", len(chunk))
    return embeddings, captions


def read_image(preview: bytes) -> np.ndarray:
    """The (H, W, 3) uint8 RGB array of a preview."""
    return np.asarray(Image.open(BytesIO(preview), formats=("JPEG",)).convert("RGB"))


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _image(row: Row, previews: PreviewStore) -> np.ndarray | ItemError:
    if row["status"] != "ok":
        return ItemError(row["error_kind"], row["error_message"])
    try:
        return read_image(previews.read_preview(row["photo_id"]))
    except OSError as error:
        return ItemError("no_preview", f"its preview cannot be read ({error}); materialize decoded_images again")


def _in_place(images: Images, infer_images: Callable[[Sequence[np.ndarray]], Sequence[Any]]) -> list[Any]:
    """Infer the images that there are; an image's error stays at its place."""
    results = iter(infer_images([image for image in images if not isinstance(image, ItemError)]))
    return [image if isinstance(image, ItemError) else next(results) for image in images]


def _embedding_row(row: Row, result: Any, made_by: Provenance) -> Row:
    model = {"clip_model": made_by.model, "clip_revision": made_by.revision}
    return _result_row(row, "vector", result, made_by) | model


def _caption_row(row: Row, result: Any, made_by: Provenance) -> Row:
    model = {"blip_model": made_by.model, "blip_revision": made_by.revision}
    return _result_row(row, "caption", result, made_by) | model


def _result_row(row: Row, column: str, result: Any, made_by: Provenance) -> Row:
    common = carried(row) | {"preprocessing": made_by.preprocessing, "inference_dtype": made_by.dtype}
    if isinstance(result, ItemError):
        return common | {"status": "failed", "error_kind": result.kind, "error_message": result.message}
    return common | {column: result}
