"""What travels between the service and its clients, and the version of it; both sides import this.

Only the shapes of the JSON and the spelling of a vector; asking and answering stand in client.py and app.py.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from resources.inference.port import Inferred, ItemError, Provenance

if TYPE_CHECKING:
    from resources.inference.port import Vector

# Raised with every change that an older client or service would misread.
INTERFACE = 1

# Characters: far more than any model reads of a text, and little work for its tokenizer.
LONGEST_TEXT = 100_000


class Failure(BaseModel):
    """Why there is no result."""

    kind: str
    message: str


class TextResult(BaseModel):
    """What the model says of one text, or of one file."""

    content: str = Field(description="BLAKE2b-128 of the file's bytes or of the text in UTF-8: says what is answered.")
    vector: str | None = Field(None, description="Base64 of little-endian float32, of norm 1.")
    vector_failure: Failure | None = None


class PictureResult(TextResult):
    """What the models say of one file; null for what was not asked or failed."""

    caption: str | None = None
    caption_failure: Failure | None = None


class Model(BaseModel):
    """Which model answers, in which number format; `decoding` says how it writes captions."""

    model: str
    revision: str
    preprocessing: str
    dtype: str
    decoding: str = ""


class Models(BaseModel):
    """Both models; `dimensions` is the length of a vector, `device` cuda, mps or cpu."""

    clip: Model
    blip: Model
    dimensions: int
    device: str


class PictureAnswers(BaseModel):
    """Result i belongs to file i."""

    models: Models
    results: list[PictureResult]


class TextAnswers(BaseModel):
    """Result i belongs to text i."""

    models: Models
    results: list[TextResult]


class Texts(BaseModel):
    """Texts to embed."""

    texts: list[Annotated[str, Field(max_length=LONGEST_TEXT)]]


class Accepted(BaseModel):
    """What one request may hold."""

    files: int
    file_bytes: int
    body_bytes: int
    texts: int


class Health(BaseModel):
    """Whether the service answers requests now, what it is, and how its work goes."""

    status: Literal["ready", "loading"]
    interface: int = INTERFACE
    models: Models | None = None
    accepted: Accepted
    waiting: int = Field(description="Pictures in the queue.")
    measures: Mapping[str, float] = {}


def model_of(made_by: Provenance) -> Model:
    """A provenance as it travels."""
    return Model(**vars(made_by))


def text_result(content: bytes, vector: Vector | ItemError | None) -> TextResult:
    """One answer as it travels; `content` is the text's content key."""
    if isinstance(vector, ItemError):
        return TextResult(content=content.hex(), vector_failure=_failure(vector))
    return TextResult(content=content.hex(), vector=None if vector is None else encoded(vector))


def picture_result(content: bytes, inferred: Inferred) -> PictureResult:
    """One answer as it travels; `content` is the picture's content key."""
    embedded, caption = text_result(content, inferred.vector), inferred.caption
    told = {"caption_failure": _failure(caption)} if isinstance(caption, ItemError) else {"caption": caption}
    return PictureResult(**vars(embedded), **told)


def vector_of(result: TextResult, dimensions: int) -> Vector | ItemError:
    """And back. Raises ValueError for an answer that says nothing, or a vector that cannot be one."""
    if result.vector_failure:
        return ItemError(**vars(result.vector_failure))
    if result.vector is None:
        raise ValueError("a vector is missing")
    return decoded(result.vector, dimensions)


def inferred_of(result: PictureResult, embed: bool, caption: bool, dimensions: int) -> Inferred:
    """And back. Raises ValueError as vector_of does."""
    vector = vector_of(result, dimensions) if embed else None
    return Inferred(vector, _caption_of(result) if caption else None)


def encoded(vector: Vector) -> str:
    """A float32 (dimensions,) vector, to the bit."""
    return base64.b64encode(np.ascontiguousarray(vector, "<f4").tobytes()).decode()


def decoded(text: str, dimensions: int) -> Vector:
    """The float32 (dimensions,) vector. Raises ValueError for one of another length or with infinities in it."""
    vector = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    if vector.shape != (dimensions,) or not np.isfinite(vector).all():
        raise ValueError(f"a vector is not one of {dimensions} finite numbers")
    return vector


def _caption_of(result: PictureResult) -> str | ItemError:
    if result.caption_failure:
        return ItemError(**vars(result.caption_failure))
    if result.caption is None:
        raise ValueError("a caption is missing")
    return result.caption


def _failure(error: ItemError) -> Failure:
    return Failure(**vars(error))
