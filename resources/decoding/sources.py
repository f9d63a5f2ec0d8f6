"""The four places that may say the same thing of a photo, and which of them is believed.

What belongs here: looking a property up in the sidecar, EXIF, XMP and IPTC in a fixed order. What does not: which
properties a column is made of (metadata.py) and cleaning values (tag_values.py). A sidecar is always the first: it is
the owner's later word.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

T = TypeVar("T")
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """What is said of one photo, by where it is said; names are those of tags.py."""

    sidecar: Properties
    exif: Properties
    xmp: Properties
    iptc: Properties

    @classmethod
    def of(cls, tags: Properties, sidecar: Properties | None) -> Self:
        """Take a photo's tags apart; what is not the object that it should be counts as empty."""
        return cls(_object(sidecar), tags, _object(tags.get("XMP")), _object(tags.get("IPTC")))

    def camera(self, clean: Callable[[Any], T | None], exif: Sequence[str], xmp: Sequence[str]) -> T | None:
        """Return what a camera says: in EXIF, which it wrote itself, before XMP, which others derived."""
        return _first(clean, (*_of(self.sidecar, xmp), *_of(self.exif, exif), *_of(self.xmp, xmp)))

    def person(
        self,
        clean: Callable[[Any], T | None],
        xmp: Sequence[str],
        iptc: Sequence[str] = (),
        exif: Sequence[str] = (),
    ) -> T | None:
        """Return what a person says: in XMP, which programs keep current, before IPTC and EXIF."""
        inside = (*_of(self.xmp, xmp), *_of(self.iptc, iptc), *_of(self.exif, exif))
        return _first(clean, (*_of(self.sidecar, xmp), *inside))


def _object(value: Any) -> Properties:
    return value if isinstance(value, Mapping) else {}


def _of(properties: Properties, names: Sequence[str]) -> Iterator[Any]:
    return (properties[name] for name in names if name in properties)


def _first(clean: Callable[[Any], T | None], values: Sequence[Any]) -> T | None:
    return next((found for value in values if (found := clean(value)) is not None), None)
