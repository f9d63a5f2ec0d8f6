"""A small collection with hostile words in it, made without an ingest, and the service over it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from photo_assets.search.models import EngineOf
from photo_assets.search.pictures import QueryPictures
from photo_assets.search.service.app import build_app
from photo_assets.search.service.library import Library
from photo_assets.search.service.page import COOKIE, LOGIN, OPEN_PATHS
from photo_assets.steps.collection import version_of
from resources.decoding.previews import PreviewStore
from resources.inference.port import InferenceEngine
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.lending import Lending
from resources.vectors.port import Point
from resources.web.access import Access
from resources.web.limits import RequestLimits

from ..decoding.samples import encode, quarters
from ..inference.services import CLIP, DIMENSIONS, FakeEngine, vector_for

PHOTOS = 12
HOSTILE = "<img src=x onerror=\"document.title='broken into'\"> </script><script>document.title='broken into'</script>"
VERSION = version_of(CLIP, DIMENSIONS)
FORMATS = ("jpeg", "png", "heic", "dng")


def photo_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"photo {number}"))


def vector(number: int) -> np.ndarray:
    """What the fake engine says of the photo's preview."""
    return vector_for(f"photo {number}".encode())


def payload(number: int) -> dict[str, Any]:
    """Photo 0 is hostile wherever it can be, and every field differs between some photos."""
    name = f"{HOSTILE}.jpg" if number == 0 else f"{number}.jpg"
    return {
        "photo_id": photo_id(number),
        "caption": HOSTILE if number == 0 else f"photo number {number}",
        "paths": [f"/photos/{number % 2}/{name}"] + (["/copies/5.jpg"] if number == 5 else []),
        "taken_at": f"20{10 + number:02}-06-01T23:30:00",
        "camera": f"Camera {number % 3}",
        "lens_model": f"Lens {number % 2}",
        "format": FORMATS[number % 4],
        "rating": number % 6,
        "keywords": [f"word{number % 4}", HOSTILE],
        "location": {"lat": 10.0 + number, "lon": 20.0},
        "width_px": 400 + 40 * number,
        "height_px": 400,
        "exposure_s": 0.004,
        "clip_model": "clip",
        "decoder": "pillow",
    }


def only(engine: InferenceEngine) -> EngineOf:
    """One engine for whatever is searched."""
    return lambda index, version: engine


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the collection and the previews, made once."""
    folder = tmp_path_factory.mktemp("stock")
    previews = PreviewStore(folder / "previews")
    for number in range(PHOTOS):
        shape = (payload(number)["width_px"] // 4, 100)
        colour = (20 * number, 255 - 20 * number, 120)
        jpeg = encode(Image.new("RGB", shape, colour), "JPEG")
        previews.write(photo_id(number), jpeg, jpeg)
    with EmbeddedIndex(folder / "collection") as index:
        index.create_version(VERSION, DIMENSIONS)
        index.switch_alias(VERSION)
        index.upsert(VERSION, [Point(photo_id(n), vector(n), payload(n)) for n in range(PHOTOS)])
    return folder


@pytest.fixture(scope="session")
def photos(stock: Path) -> Iterator[Library]:
    """The collection, open, with an engine that answers from bytes alone."""
    with ExitStack() as stack:
        collection = Lending(EmbeddedIndex(stock / "collection", wait_s=0.5))
        stack.callback(collection.close)
        pictures = stack.enter_context(QueryPictures())
        library = Library(collection, only(FakeEngine()), PreviewStore(stock / "previews"), pictures)
        library.load()
        yield library


Open = Callable[..., TestClient]


@pytest.fixture
def opened(photos: Library) -> Iterator[Open]:
    """Makes clients of the service, with a token or originals where they are given."""
    with ExitStack() as stack:

        def client(token: str = "", originals: Any = None, library: Library = photos, **limits: Any) -> TestClient:
            access = Access(token, "PHOTO_SEARCH_TOKEN", ["localhost"], OPEN_PATHS, COOKIE, LOGIN)
            app = build_app(library, access, RequestLimits(**limits), originals)
            made = TestClient(app, "http://localhost", raise_server_exceptions=False, follow_redirects=False)
            return stack.enter_context(made)

        yield client


@pytest.fixture
def http(opened: Open) -> TestClient:
    """A client of the service as it is on loopback."""
    return opened()


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A JPEG to search by."""
    return encode(quarters(64, 64), "JPEG")
