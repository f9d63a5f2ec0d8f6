"""What photo_collection does for the collection's versions, told as metadata.

A model that cannot be had holds nothing up: what needs it is not done, and the metadata says why.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.errors import PhotoPlatformError

if TYPE_CHECKING:
    from photo_assets.search.models import EngineOf
    from photo_assets.steps.truth import Differences
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
    old: str | None,
    found: "Differences",
    index: "VectorIndex",
    ledger: "Ledger",
    models: "EngineOf",
    comparison_queries: str,
) -> dict[str, Any]:
    """Compare the settings' version, once it holds every photo, with `old`, which is searched or was until now."""
    from photo_assets.comparison_report import comparison_shown
    from photo_assets.search.comparing import canaries, compare
    from photo_assets.steps.versions import named

    if found.missing or found.waiting or old is None or old == found.version:
        return {}
    try:
        pair = named(index, ledger, old), named(index, ledger, found.version)
        compared = compare(index, ledger.ok_photo_ids(), pair, models, canaries(comparison_queries))
    except PhotoPlatformError as error:
        return {"comparison": str(error)}
    told = {"canary_overlap": compared.overlap, "canary_rank_correlation": compared.rank_correlation}
    return told | {"comparison": dg.MetadataValue.md(comparison_shown(compared))}
