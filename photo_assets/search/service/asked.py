"""What may be asked of a search, with its bounds: the query parameters of the API, checked.

Only reading and judging; what a query and a filter mean is query.py's and resources/vectors/port.py's.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Self

from pydantic import BaseModel, Field, model_validator

from photo_assets.search.query import Query
from resources.vectors.port import Filters, Place

FURTHEST = 1_000
"""Hits that can be paged to: each page asks the collection for all those before it."""

ANY_PHOTO = "a photo"
"""What is searched where nothing is: the filters alone choose, and the order is that of likeness to this."""


class Page(BaseModel, extra="forbid"):
    """Which part of the hits."""

    limit: int = Field(50, ge=1, le=200, description="How many photos.")
    offset: int = Field(0, ge=0, lt=FURTHEST, description="How many of the best to leave out.")

    def query(self, *, picture: bytes | None = None, like: str = "") -> Query:
        """The query for the part, and for one more photo to see whether there are others."""
        return Query(picture=picture, like=like, offset=self.offset, limit=self.limit + 1)


class Asked(Page):
    """A query. A filter that is absent admits every photo."""

    text: str = Field("", max_length=1_000, description="What the photo shows.")
    hybrid: bool = Field(False, description="Rank by the words of the captions too.")
    taken_from: date | None = Field(None, description="The first day.")
    taken_to: date | None = Field(None, description="The last day, included.")
    camera: str = Field("", max_length=200, description="Maker and model, as the photo says them.")
    lens: str = Field("", max_length=200, description="To the letter, too.")
    format: str = Field("", max_length=20, description="jpeg, png, heic or dng.")
    min_rating: int | None = Field(None, ge=-1, le=5, description="At least so many stars.")
    keyword: list[str] = Field([], max_length=20, description="Any of these keywords.")
    folder: str = Field("", max_length=4_000, description="An absolute folder; photos in and below it.")
    lat: float | None = Field(None, ge=-90, le=90, description="Latitude of a place, in degrees.")
    lon: float | None = Field(None, ge=-180, le=180, description="Its longitude.")
    km: float = Field(10, gt=0, le=20_100, description="How far from it.")

    @model_validator(mode="after")
    def _are_consistent(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("a place needs both lat and lon")
        if self.taken_to == date.max:
            raise ValueError("taken_to is too late; leave it out")
        return self

    def query(self, *, picture: bytes | None = None, like: str = "") -> Query:
        """The query with its text and filters."""
        text = self.text.strip() or ("" if picture or like else ANY_PHOTO)
        return replace(
            super().query(picture=picture, like=like), text=text, hybrid=self.hybrid, filters=self._filters()
        )

    def _filters(self) -> Filters:
        return Filters(
            taken_from=_midnight(self.taken_from),
            taken_before=_midnight(self.taken_to and self.taken_to + timedelta(days=1)),
            place=None if self.lat is None or self.lon is None else Place(self.lat, self.lon, self.km),
            camera=self.camera or None,
            lens=self.lens or None,
            format=self.format or None,
            min_rating=self.min_rating,
            keywords=tuple(word for word in self.keyword if word),
            folder=self.folder or None,
        )


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())
