"""The two engines. `index` has one empty version; `reopen` gives what a later process would see."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import VectorIndex
from resources.vectors.server import ServerIndex

from .qdrant_stand_in import StandIn
from .samples import DIMENSIONS, VERSION


@pytest.fixture(params=["embedded", "server"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], VectorIndex]]:
    if request.param == "embedded":
        yield lambda: EmbeddedIndex(tmp_path / "index", wait_s=0)
    else:
        with StandIn() as server:
            yield lambda: ServerIndex(server.url)


@pytest.fixture
def index(reopen: Callable[[], VectorIndex]) -> Iterator[VectorIndex]:
    with reopen() as index:
        index.create_version(VERSION, DIMENSIONS)
        yield index
