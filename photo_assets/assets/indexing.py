"""The asset of the collection's search graph, which is built apart from what brings the points."""

from typing import Any

import dagster as dg

from photo_assets.specs import described
from resources.vectors.resource import VectorIndexResource


@dg.asset(
    **described("collection_index"),
    deps=["photo_collection"],
    pool="collection",  # a batch that was written meanwhile would make the building vain
)
def collection_index(context: dg.AssetExecutionContext, vectors: VectorIndexResource) -> dg.MaterializeResult:
    """Build the search graph of the version that is searched; searches go on meanwhile."""
    from photo_assets.steps.indexing import build_index

    with vectors.index() as index:
        built = build_index(index)
    if built is None:
        return dg.MaterializeResult(metadata={"collection": "none yet", "points": 0})
    if not built.was_due:
        context.log.info("there was nothing to build: the graph is there, or there are too few points for one")
    metadata: dict[str, Any] = {
        "collection": built.version,
        "points": built.points,
        "built": built.was_due,
        "seconds": built.seconds,
        "quantization": vectors.quantization,
    }
    sizes = {"bytes_before": built.bytes_before, "bytes_after": built.bytes_after}
    return dg.MaterializeResult(metadata=metadata | {name: size for name, size in sizes.items() if size is not None})
