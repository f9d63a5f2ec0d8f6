"""The gallery: search results as one HTML file that needs no server and no network.

Thumbnails are inside the file; everything that comes from photos or people is escaped by the template.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from photo_assets.search.searching import Found


def write_gallery(path: Path, title: str, results: Mapping[str, Sequence[Found]], summary: str = "") -> Path:
    """Write one section per query to `path`, in one step."""
    environment = Environment(loader=PackageLoader("photo_assets.search"), autoescape=select_autoescape())
    sections = [{"query": query, "hits": [_card(found) for found in hits]} for query, hits in results.items()]
    page = environment.get_template("gallery.html").render(title=title, summary=summary, sections=sections)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(page, encoding="utf-8")
    return temporary.replace(path)


def _card(found: Found) -> dict[str, Any]:
    return {
        "image": base64.b64encode(found.thumbnail.read_bytes()).decode(),
        "caption": found.caption or "no caption",
        "score": f"{found.score:.3f}",
        "details": " · ".join(part for part in (_day(found), found.camera, found.format, _offline(found)) if part),
        "places": found.places(),
    }


def _day(found: Found) -> str | None:
    return found.taken_at[:16].replace("T", " ") if found.taken_at else None


def _offline(found: Found) -> str | None:
    return "offline" if found.offline else None
