"""What photo_collection does for the collection's versions, told as metadata.

A model that cannot be had holds nothing up: what needs it is not done, and the metadata says why.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.errors import PhotoPlatformError

if TYPE_CHECKING:
    from photo_assets.search.models import EngineOf
    from photo_assets.steps.collection import CollectionState
    from resources.decoding.previews import PreviewStore
    from resources.library.ledger import Ledger
    from resources.vectors.port import VectorIndex


def kept_whole(
    index: "VectorIndex", ledger: "Ledger", previews: "PreviewStore", models: "EngineOf", wanted: str
) -> dict[str, Any]:
    """Keep the searched version whole while it is not `wanted`, the settings' one."""
    from photo_assets.steps.catching_up import keep_searched_whole

    try:
        written = keep_searched_whole(index, ledger, previews, models, wanted)
    except PhotoPlatformError as error:  # new photos are then found when the new version is searched
        return {"not_caught_up": str(error)}
    return {} if written is None else {"caught_up": written}


def compared_with(
    state: "CollectionState", index: "VectorIndex", ledger: "Ledger", models: "EngineOf", comparison_queries: str
) -> dict[str, Any]:
    """Compare the settings' version, once it is whole, with the one that is searched or was until now."""
    from photo_assets.comparison_report import comparison_shown
    from photo_assets.search.comparing import canaries, compare
    from photo_assets.steps.versions import named

    old = state.left or state.active
    if state.missing or state.version is None or old is None or old == state.version:
        return {}
    try:
        pair = named(index, ledger, old), named(index, ledger, state.version)
        found = compare(index, ledger.ok_photo_ids(), pair, models, canaries(comparison_queries))
    except PhotoPlatformError as error:
        return {"comparison": str(error)}
    told = {"canary_overlap": found.overlap, "canary_rank_correlation": found.rank_correlation}
    return told | {"comparison": dg.MetadataValue.md(comparison_shown(found))}
