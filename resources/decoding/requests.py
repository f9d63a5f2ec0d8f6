"""What is asked of the decoding room and what it answers, one for one.

What belongs here: the two plain records that cross the process boundary. What does not: how they are
fulfilled (worker.py) or scheduled (pool.py).
"""

from dataclasses import dataclass
from typing import Literal

from resources.decoding.errors import DecodingError


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """Decode one original. `path` is bytes because file names need not be UTF-8."""

    photo_id: str
    path: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What became of one request; every field but the first two is None where it does not apply.

    `width_px` and `height_px` are the original's size as a person sees it: upright, not reduced. `decode_ms` is the
    worker's wall-clock time from opening the original to the stored preview. `perceptual_hash` and `dominant_colours`
    are as looks.py describes them.
    """

    photo_id: str
    status: Literal["ok", "failed"]
    error_kind: str | None = None
    error_message: str | None = None
    format: str | None = None
    decoder: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    preview_width_px: int | None = None
    preview_height_px: int | None = None
    decode_ms: float | None = None
    tags_json: str | None = None
    perceptual_hash: str | None = None
    dominant_colours: list[str] | None = None


def failed_result(photo_id: str, error: DecodingError) -> DecodeResult:
    """Turn an error into the row that stands for it."""
    return DecodeResult(photo_id, "failed", error_kind=error.kind, error_message=str(error))
