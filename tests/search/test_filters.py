"""A filter finds what the same filter over the Parquet tables finds in pandas, with both engines."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photo_assets.steps.collection import BatchTables, camera, put_points
from photo_assets.tables import SCHEMAS
from resources.library.ledger import Ledger
from resources.tables.frames import frame_of, rows_of
from resources.tables.schema import Row
from resources.tables.store import TableStore
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Filters, Place, VectorIndex
from resources.vectors.server import ServerIndex
from tests.vectors.qdrant_stand_in import StandIn

VERSION, DIMENSIONS = "filters-4-0123456789ab", 4
EARTH_RADIUS_M = 6_371_008.8  # the mean one, which both engines take
# Few values, so that photos and filters meet; names and folders of which one begins like the other.
TIMES = [datetime(2019, 12, 31, 23, 30), datetime(2020, 1, 1), datetime(2020, 1, 1, 0, 0, 0, 500_000)]
ZONES = [None, UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5, minutes=-30))]
MAKERS, MODELS = [None, "Canon", "NIKON CORPORATION"], [None, "EOS R5", "NIKON D850", "Canon EOS R5"]
LENSES, FORMATS = [None, "50mm", "50mm f/1.8", "größe"], ["jpeg", "png", "dng"]
KEYWORDS = ["sea", "Sea", "sea side", "海", ""]
FOLDERS = ["/a", "/ab", "/a/b", "/a/bc", "/A", "/ä b", "/海/☃ %_*?"]
# Among them both sides of the antimeridian, and both poles, where every longitude is one place.
PLACES = [None, (48.137, 11.575), (48.2, 11.6), (-16.5, 179.99), (-16.5, -179.99), (-16.5, 180.0), (0.0, 0.0)]
POLES = [(90.0, 0.0), (90.0, -120.0), (89.99, 60.0), (-90.0, 0.0), (-89.99, 170.0)]


def some(values: Iterable[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(list(values))


PHOTO = st.fixed_dictionaries(
    {
        "taken_at": st.none() | some(TIMES),
        "camera_make": some(MAKERS),
        "camera_model": some(MODELS),
        "lens_model": some(LENSES),
        "format": some(FORMATS),
        "rating": st.none() | st.integers(-1, 5),
        "keywords": st.none() | st.lists(some(KEYWORDS), max_size=3, unique=True),
        "place": some(PLACES) | some(POLES),
        "folders": st.lists(some(FOLDERS), min_size=1, max_size=3, unique=True),
    }
)
PLAIN = dict.fromkeys(("taken_at", "camera_make", "camera_model", "lens_model", "rating", "keywords", "place")) | {
    "format": "jpeg",
    "folders": ["/a"],
}
WHEN = st.builds(lambda time, zone: time.replace(tzinfo=zone), some(TIMES), some(ZONES))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "taken_from": WHEN,
    "taken_before": WHEN,
    "place": st.builds(
        lambda at, km: Place(*at, km), some(PLACES[1:]) | some(POLES), some([0.5, 7.31, 300.0, 15_000.0])
    ),
    "camera": some(["Canon EOS R5", "NIKON D850", "EOS R5"]),
    "lens": some(LENSES[1:]),
    "format": some(FORMATS),
    "min_rating": st.integers(-1, 5),
    "keywords": st.lists(some(KEYWORDS), min_size=1, max_size=2).map(tuple),
    "folder": some([*FOLDERS, "/", "/a/"]),
}
# One or two at once: most filters together find nothing.
FILTERS = (
    st.lists(some(VALUES), min_size=1, max_size=2, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names}))
    .map(lambda values: Filters(**values))
)


@pytest.fixture(scope="module", params=["embedded", "server"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    if request.param == "embedded":
        with EmbeddedIndex(tmp_path_factory.mktemp("index"), wait_s=0) as embedded:
            yield embedded
    else:
        with StandIn() as stand_in, ServerIndex(stand_in.url) as server:
            yield server


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TableStore:
    return TableStore(tmp_path_factory.mktemp("tables"))


class Paths:
    """What `put_points` asks a ledger: every photo has the paths of its table."""

    def __init__(self, photo_files: pd.DataFrame) -> None:
        self._paths = photo_files.groupby("photo_id").path_display.agg(list).to_dict()

    def paths_of(self, photo_ids: Iterable[str]) -> dict[str, list[str]]:
        return {photo_id: self._paths[photo_id] for photo_id in photo_ids}

    def removed_of(self, photo_ids: Iterable[str]) -> set[str]:
        return set()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(photos=st.lists(PHOTO, min_size=2, max_size=10), several=st.lists(FILTERS, min_size=4, max_size=8))
def test_a_filter_finds_what_it_finds_in_the_tables(
    index: VectorIndex, store: TableStore, photos: list[dict[str, Any]], several: list[Filters]
) -> None:
    fill(index, store, photos)
    for filters in several:
        assert found(index, filters) == kept(store, filters), filters


@pytest.mark.parametrize("km", [0.5, 300.0, 15_000.0])
def test_a_place_is_a_circle_at_the_poles_and_across_the_antimeridian_too(
    index: VectorIndex, store: TableStore, km: float
) -> None:
    borders = [
        (lat, lon) for lat in (90.0, 89.99, -16.5, -89.99, -90.0) for lon in (0.0, -120.0, 179.999, 180.0, -180.0)
    ]
    fill(index, store, [PLAIN | {"place": place} for place in borders])
    for place in borders:
        filters = Filters(place=Place(*place, km))
        assert found(index, filters) == kept(store, filters), filters


def found(index: VectorIndex, filters: Filters) -> set[str]:
    hits = index.query(VERSION, np.eye(DIMENSIONS, dtype=np.float32)[0], limit=50, filters=filters)
    return {hit.point_id for hit in hits}


def fill(index: VectorIndex, store: TableStore, photos: list[dict[str, Any]]) -> None:
    """Let these photos be all that the tables and the index hold."""
    frames = write_tables(store, photos)
    tables = {name: rows_of(frame) for name, frame in frames.items()}
    ledger = cast(Ledger, Paths(frames.pop("photo_files")))
    tables.pop("photo_files")
    index.create_version(VERSION, DIMENSIONS)
    index.delete(VERSION, [record.point_id for record in index.scroll(VERSION)])
    put_points(BatchTables(**tables), index, ledger, VERSION, DIMENSIONS)

    assert index.count(VERSION) == len(photos)


def kept(store: TableStore, filters: Filters) -> set[str]:
    """The ids of the photos in the tables that satisfy the filters, told by pandas."""
    files, decoded, metadata = (
        store.read(name, "batch", SCHEMAS[name]) for name in ("photo_files", "decoded_images", "photo_metadata")
    )
    photos = metadata.assign(format=decoded.format)
    is_kept = pd.Series(True, index=photos.index)
    taken = pd.to_datetime(photos.taken_at, utc=True, format="ISO8601")
    if filters.taken_from:
        is_kept &= taken >= pd.to_datetime(filters.taken_from, utc=True)
    if filters.taken_before:
        is_kept &= taken < pd.to_datetime(filters.taken_before, utc=True)
    if filters.place:
        is_kept &= metres(photos.latitude_deg, photos.longitude_deg, filters.place) < filters.place.km * 1000
    if filters.camera is not None:
        names = [camera(photo["camera_make"], photo["camera_model"]) for photo in rows_of(photos)]
        is_kept &= pd.Series([name == filters.camera for name in names], photos.index, dtype=bool)
    if filters.lens is not None:
        is_kept &= (photos.lens_model == filters.lens).fillna(False)
    if filters.format is not None:
        is_kept &= photos.format == filters.format
    if filters.min_rating is not None:
        is_kept &= (photos.rating >= filters.min_rating).fillna(False)
    if filters.keywords:
        wanted = set(filters.keywords)
        has_any = [not wanted.isdisjoint(photo["keywords"] or ()) for photo in rows_of(photos)]
        is_kept &= pd.Series(has_any, photos.index, dtype=bool)
    if filters.folder is not None:
        below = files.path_display.str.startswith(filters.folder.rstrip("/") + "/")
        is_kept &= photos.photo_id.isin(files.photo_id[below])
    return set(photos.photo_id[is_kept.astype(bool)])


def metres(latitude: pd.Series, longitude: pd.Series, place: Place) -> pd.Series:
    """The haversine distance from the place's middle; NaN where a photo has no place."""
    lat, lon = np.radians(latitude.astype(float)), np.radians(longitude.astype(float))
    middle_lat, middle_lon = np.radians(place.lat_deg), np.radians(place.lon_deg)
    half = np.sin((lat - middle_lat) / 2) ** 2 + np.cos(lat) * np.cos(middle_lat) * np.sin((lon - middle_lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half))


def write_tables(store: TableStore, photos: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """One batch's tables of these photos, written and read again."""
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"filtered-{number}")) for number in range(len(photos))]
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS if name != "collection_points"}
    for photo_id, photo in zip(ids, photos, strict=True):
        paths = [f"{folder}/{photo_id}.jpg" for folder in photo["folders"]]
        for path in paths:
            rows["photo_files"].append(row("photo_files", photo_id=photo_id, path=path.encode(), path_display=path))
        rows["decoded_images"].append(row("decoded_images", photo_id=photo_id, format=photo["format"]))
        rows["photo_metadata"].append(row("photo_metadata", photo_id=photo_id, **metadata_of(photo)))
        rows["image_embeddings"].append(row("image_embeddings", photo_id=photo_id, vector=[1.0, 0.0, 0.0, 0.0]))
        rows["image_captions"].append(row("image_captions", photo_id=photo_id, caption="a photo"))
    for name, filled in rows.items():
        store.write(name, "batch", frame_of(filled, SCHEMAS[name]), SCHEMAS[name])
    return {name: store.read(name, "batch", SCHEMAS[name]) for name in rows}


def row(table: str, **values: Any) -> Row:
    """A row of this table with these values, any value in its other required columns and none elsewhere."""
    required = {"string": "ok", "binary": b"", "int64": 0}
    return {
        column.name: values.get(column.name, required[column.type] if column.required else None)
        for column in SCHEMAS[table]
    }


def metadata_of(photo: dict[str, Any]) -> dict[str, Any]:
    latitude, longitude = photo["place"] or (None, None)
    taken_at = photo["taken_at"] and photo["taken_at"].isoformat()
    names = ("camera_make", "camera_model", "lens_model", "rating", "keywords")
    own = {name: photo[name] for name in names}
    return own | {"taken_at": taken_at, "latitude_deg": latitude, "longitude_deg": longitude}
