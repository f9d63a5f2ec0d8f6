"""What the search service answers: the shapes of the JSON, which /docs shows, and how they are filled.

Finding what fills them is library.py's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from photo_assets.search.duplicates import Duplicates, Group
from photo_assets.search.searching import Found
from photo_assets.search.service.asked import FURTHEST, Page


class Problem(BaseModel):
    """Why there is no answer, and what to do; every refusal and failure has this shape."""

    detail: str


def _problem(what: str) -> dict[str, Any]:
    return {"model": Problem, "description": what}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: _problem("The token is missing or wrong."),
    422: _problem("The question cannot be answered as it stands."),
    503: _problem("The collection is in use or its server away; come again after `Retry-After` seconds."),
}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: _problem("There is no such photo.")}


class Place(BaseModel):
    """In degrees, as GPS has them."""

    lat: float
    lon: float


class Hit(BaseModel):
    """A photo that was found; `score` is the cosine with the query, -1 to 1."""

    photo_id: str
    score: float
    caption: str | None
    taken_at: str | None
    camera: str | None
    format: str | None
    location: Place | None
    width_px: int | None = Field(description="The original's, as a person sees it.")
    height_px: int | None
    offline: bool = Field(description="No file holds it now; the paths are those that it had.")
    paths: list[str] = Field(description="The files that hold it; several are copies.")
    thumbnail: str = Field(description="The address of a JPEG of at most 256 px.")
    preview: str = Field(description="The address of a JPEG whose short side has 512 px.")


class Hits(BaseModel):
    """A part of the photos found, the best first."""

    hits: list[Hit]
    more: bool = Field(description="There are others, on the next page.")
    beyond: bool = Field(description="There are others, which no page reaches; filters do.")


class Groups(BaseModel):
    """A part of the groups of photos that are there more than once; `total` is the number of all."""

    groups: list[Group]
    total: int
    without_hash: int = Field(description="Photos without a perceptual hash, which `perceptual` cannot compare.")


class Photo(BaseModel):
    """All that the collection holds of one photo; `provenance` names the decoder and the models."""

    photo_id: str
    caption: str | None
    paths: list[str]
    metadata: Mapping[str, Any]
    provenance: Mapping[str, str]
    original: str | None = Field(description="The address of a file that holds it; null unless PHOTO_SERVE_ORIGINALS.")


class Health(BaseModel):
    """Whether searches are answered at once; `searched` is the collection's version, null before the first ingest."""

    status: str
    searched: str | None
    model: str


_PROVENANCE = ("decoder", "clip_model", "clip_revision", "preprocessing", "blip_model", "blip_revision")
_NO_METADATA = {"photo_id", "caption", "paths", *_PROVENANCE}


def hits_of(found: Sequence[Found], page: Page) -> Hits:
    """The photos found for a page, which are one more than it holds where there are others."""
    others, following = len(found) > page.limit, page.offset + page.limit
    hits = [_hit(each) for each in found[: page.limit]]
    return Hits(hits=hits, more=others and following < FURTHEST, beyond=others and following >= FURTHEST)


def groups_of(found: Duplicates, limit: int, offset: int) -> Groups:
    """A page of the groups."""
    part = found.groups[offset : offset + limit]
    return Groups(groups=part, total=len(found.groups), without_hash=found.without_hash)


def photo_of(payload: Mapping[str, Any], *, with_original: bool) -> Photo:
    """A point's payload as it travels."""
    photo_id, paths = payload["photo_id"], payload.get("paths", [])
    return Photo(
        photo_id=photo_id,
        caption=payload.get("caption"),
        paths=paths,
        metadata={name: value for name, value in payload.items() if name not in _NO_METADATA and value is not None},
        provenance={name: payload[name] for name in _PROVENANCE if payload.get(name)},
        original=f"/originals/{photo_id}" if with_original and paths else None,
    )


def _hit(found: Found) -> Hit:
    shared = {name: getattr(found, name) for name in Hit.model_fields if hasattr(found, name)}
    version = _version(found)
    pictures = {kind: f"/{kind}s/{found.photo_id}{version}" for kind in ("thumbnail", "preview")}
    return Hit(**shared | pictures)


def _version(found: Found) -> str:
    """Changes with the picture, so that browsers may keep each for good."""
    try:
        return f"?v={found.thumbnail.stat().st_mtime_ns:x}"
    except FileNotFoundError:
        return ""
