"""A sidecar's word reaches the collection, and a changed one does so without decoding or inference."""

from pathlib import Path
from typing import Any

import pytest

from photo_assets.settings import Settings
from photo_assets.steps import decoding, inference
from tests.conftest import write_photo

from .test_ingest import end_state, ingest_now

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmp:Rating="{rating}"><dc:subject><rdf:Bag><rdf:li>{keyword}</rdf:li></rdf:Bag></dc:subject></rdf:Description>
</rdf:RDF></x:xmpmeta>"""


def payloads(settings: Settings) -> dict[str, dict[str, Any]]:
    """The payload of each photo, by the name of its first file."""
    points = end_state(settings)["points"]
    assert isinstance(points, dict)
    return {Path(payload["paths"][0]).name: payload for payload in points.values()}


def said_of(payload: dict[str, Any]) -> tuple[Any, Any]:
    return payload.get("rating"), payload.get("keywords")


@pytest.fixture
def photos(settings: Settings) -> Path:
    """Three photos, one with a sidecar."""
    (root,) = settings.library_roots
    for number in range(3):
        write_photo(root / f"photo-{number}.jpg", seed=number)
    (root / "photo-0.jpg.xmp").write_text(XMP.format(rating=4, keyword="regatta"))
    return root


def test_a_sidecar_is_read_with_its_photo(settings: Settings, photos: Path) -> None:
    assert ingest_now(settings).counts["ignored"] == 0
    found = payloads(settings)
    assert said_of(found["photo-0.jpg"]) == (4, ["regatta"])
    assert said_of(found["photo-1.jpg"]) == (None, None)


def test_changed_new_and_removed_sidecars_are_followed_without_decoding_or_inference(
    settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_now(settings)
    before = payloads(settings)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a sidecar is no reason to decode or to infer")

    monkeypatch.setattr(decoding, "decode_photos", refuse)
    monkeypatch.setattr(inference, "infer", refuse)
    (photos / "photo-0.jpg.xmp").unlink()
    (photos / "photo-1.xmp").write_text(XMP.format(rating=2, keyword="harbour"))

    ingested = ingest_now(settings)

    assert (len(ingested.described), ingested.batches, ingested.failed) == (1, [], {})
    after = payloads(settings)
    assert said_of(after["photo-0.jpg"]) == (None, None)
    assert said_of(after["photo-1.jpg"]) == (2, ["harbour"])
    assert {name: payload["caption"] for name, payload in after.items()} == {
        name: payload["caption"] for name, payload in before.items()
    }
    assert ingest_now(settings).described == []


def test_a_hostile_sidecar_costs_its_own_words_only(settings: Settings, photos: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    (photos / "photo-0.jpg.xmp").write_text(bomb)
    (photos / "photo-1.jpg.xmp").write_bytes(bytes(range(256)))
    ingested = ingest_now(settings)
    assert (ingested.counts["ok"], ingested.failed) == (3, {})
    assert said_of(payloads(settings)["photo-0.jpg"]) == (None, None)


def test_a_table_that_cannot_be_read_costs_its_own_batch_only(settings: Settings, photos: Path) -> None:
    (first,) = ingest_now(settings).batches
    write_photo(photos / "late.jpg", seed=9)
    ingest_now(settings)
    (table,) = (settings.photo_data / "tables" / "decoded_images").glob(f"*{first}*")
    table.write_bytes(b"no table")
    for name in ("photo-0", "late"):
        (photos / f"{name}.jpg.xmp").write_text(XMP.format(rating=1, keyword="later"))

    ingested = ingest_now(settings)

    assert list(ingested.failed) == [first] and "materialize" in ingested.failed[first]
    assert len(ingested.described) == 2
    assert said_of(payloads(settings)["late.jpg"]) == (1, ["later"])
