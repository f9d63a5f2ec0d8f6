"""What people say of a photo: title, description, keywords, rating and label.

What belongs here: the sources of these five and the scales they use. What does not: what the camera says
(metadata.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from resources.decoding.sources import Sources
from resources.decoding.tag_values import clean_text, clean_texts, integer_in

_MAX_DESCRIPTION_LENGTH = 2000
_REJECTED, _BEST = -1, 5  # XMP's scale of ratings; 0 is "not rated"

# What cameras write into ImageDescription of every photo.
_CAMERAS_OWN = frozenset(
    {
        "digital camera",
        "dcim",
        "exif_jpeg_t420",
        "kodak digital still camera",
        "minolta digital camera",
        "olympus digital camera",
        "samsung",
        "samsung digital camera",
        "screenshot",
        "sony dsc",
    }
)
_DARKTABLE_LABELS = ("Red", "Yellow", "Green", "Blue", "Purple")


@dataclass(frozen=True, slots=True)
class Description:
    """None where nothing is said; `rating` is -1 (rejected), 0 (not rated) or 1 to 5."""

    title: str | None
    description: str | None
    keywords: list[str] | None
    rating: int | None
    label: str | None


def description(sources: Sources) -> Description:
    """Return the words of people in a photo's file and in its sidecar."""
    return Description(
        title=sources.person(_text, ["dc:title"], ["ObjectName"], ["XPTitle"]),
        description=sources.person(
            _long_text, ["dc:description"], ["Caption-Abstract"], ["ImageDescription", "XPComment"]
        ),
        keywords=_keywords(sources),
        rating=_rating(sources),
        label=sources.person(_label, ["xmp:Label", "darktable:colorlabels"]),
    )


def _text(value: Any) -> str | None:
    return clean_text(_only(value))


def _long_text(value: Any) -> str | None:
    text = clean_text(_only(value), _MAX_DESCRIPTION_LENGTH)
    return None if text is None or text.lower() in _CAMERAS_OWN else text


def _only(value: Any) -> Any:
    """Return the first item of a list: some programs write a bag of one where a text belongs."""
    return value[0] if isinstance(value, list) and value else value


def _keywords(sources: Sources) -> list[str] | None:
    """Return the sidecar's keywords, or else those of all places in the file together."""
    return clean_texts(_texts(sources.sidecar.get("dc:subject"))) or clean_texts(
        [
            *_texts(sources.xmp.get("dc:subject")),
            *_texts(sources.iptc.get("Keywords")),
            *_split(sources.exif.get("XPKeywords")),
        ]
    )


def _texts(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


def _split(value: Any) -> Iterator[str]:
    """Yield what Windows writes as one text."""
    yield from value.split(";") if isinstance(value, str) else ()


def _rating(sources: Sources) -> int | None:
    stars = sources.person(_stars, ["xmp:Rating"], exif=["Rating"])
    if stars is None:
        return sources.person(_stars_of_percent, ["MicrosoftPhoto:Rating"], exif=["RatingPercent"])
    return stars


def _stars(value: Any) -> int | None:
    return integer_in(value, _REJECTED, _BEST)


def _stars_of_percent(value: Any) -> int | None:
    """Windows writes 1, 25, 50, 75 and 99 for one to five stars."""
    percent = integer_in(value, 0, 100)
    return None if percent is None else min(_BEST, (percent + 37) // 25) if percent else 0


def _label(value: Any) -> str | None:
    """Return a label's name; darktable has a list of numbers instead, of which the first counts."""
    if not isinstance(value, list):
        return clean_text(value)
    number = integer_in(value, 0, len(_DARKTABLE_LABELS) - 1)
    return None if number is None else _DARKTABLE_LABELS[number]
