"""The asset of the search graph: what it tells, also of nothing to build. Building itself: tests/vectors."""

from pathlib import Path
from typing import Any

import dagster as dg

from photo_assets.assets.indexing import collection_index
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.resource import VectorIndexResource
from tests.vectors.samples import DIMENSIONS, VERSION, point


def told(directory: Path) -> dict[str, Any]:
    vectors = VectorIndexResource(directory=str(directory), quantization="int8")
    result = dg.materialize([collection_index], resources={"vectors": vectors})
    (made,) = result.get_asset_materialization_events()
    return {name: each.value for name, each in made.materialization.metadata.items()}


def test_it_tells_what_was_built_of_how_many_points_and_what_that_takes_on_the_disk(tmp_path: Path) -> None:
    assert told(tmp_path) == {"collection": "none yet", "points": 0}
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(number) for number in range(3)])
        index.switch_alias(VERSION)
    metadata = told(tmp_path)
    assert (metadata["collection"], metadata["points"], metadata["quantization"]) == (VERSION, 3, "int8")
    assert metadata["built"] is False, "so few points need no graph"
    assert metadata["bytes_before"] > 100_000 < metadata["bytes_after"] and metadata["seconds"] > 0
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        assert index.count(VERSION) == 3
