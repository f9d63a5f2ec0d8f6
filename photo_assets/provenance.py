"""What each table is made by: its code version and whatever else gives the same photos other rows.

Assets write it into their tables, the ledger keeps what the collection was made of, and a refresh compares that with
`current`. The number format of a computation is no part of it: that is the machine's, and another machine may have
written as good a row in another one.
"""

import json
from collections.abc import Mapping
from hashlib import sha256

from photo_assets.specs import SPECS
from resources.inference.port import Provenance

# What a batch's points are made of; each is the file of a table.
BATCH_TABLES = ("decoded_images", "photo_metadata", "image_embeddings", "image_captions", "caption_embeddings")

Facts = dict[str, str]
"""What a table is made by: names of settings and versions with their values, and tables with a digest of theirs."""


def facts_of(asset: str, upstream: Mapping[str, Facts] | None = None, **facts: str) -> Facts:
    """What a table of `asset` made of these upstream tables is made by."""
    inherited = {name: _digest(each) for name, each in (upstream or {}).items()}
    return {"code_version": SPECS[asset].code_version, **facts, **inherited}


def decoder_facts(policy: str) -> Facts:
    """What decoded_images is made by."""
    return facts_of("decoded_images", decoder_policy=policy)


def model_facts(asset: str, model: Provenance, decoded: Facts) -> Facts:
    """What image_embeddings or image_captions of these previews are made by."""
    facts = {"model": model.model, "revision": model.revision, "preprocessing": model.preprocessing}
    written = {"caption_decoding": model.decoding} if model.decoding else {}
    return facts_of(asset, {"decoded_images": decoded}, **facts, **written)


def caption_vector_facts(clip: Provenance, captions: Facts) -> Facts:
    """What caption_embeddings of these captions are made by; how pictures are prepared does not touch words."""
    return facts_of("caption_embeddings", {"image_captions": captions}, model=clip.model, revision=clip.revision)


def current(policy: str, clip: Provenance, blip: Provenance) -> dict[str, Facts]:
    """What each batch's tables would be made by now; not photo_files, since what a file holds does not depend on us."""
    decoded = decoder_facts(policy)
    metadata = facts_of("photo_metadata", {"decoded_images": decoded})
    embeddings = model_facts("image_embeddings", clip, decoded)
    captions = model_facts("image_captions", blip, decoded)
    worded = caption_vector_facts(clip, captions)
    tables = dict(zip(BATCH_TABLES, (decoded, metadata, embeddings, captions, worded), strict=True))
    return tables | {"collection_points": facts_of("collection_points", tables)}


def _digest(facts: Facts) -> str:
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
