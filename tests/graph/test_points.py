"""Writing a batch's points: where each says that its photo is, whatever happens to the files meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from photo_assets.steps.collection import BatchTables, outcomes, put_points
from photo_assets.steps.following import follow
from photo_assets.tables import CAPTION_EMBEDDINGS, DECODED_IMAGES, IMAGE_CAPTIONS, IMAGE_EMBEDDINGS, PHOTO_METADATA
from resources.library.ledger import Ledger
from resources.tables.schema import Row, Schema
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import VectorIndex
from tests.library.conftest import Shelf
from tests.vectors.samples import DIMENSIONS, OTHER_VERSION, VERSION, unit

NAMES = [f"{number}.jpg" for number in range(6)]
EVER_S = 1e9


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    """One for all tests, whose photos are of other content: making a version takes a second."""
    with EmbeddedIndex(tmp_path_factory.mktemp("index"), wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.switch_alias(VERSION)
        yield index


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Six photos that a batch has identified."""
    (tmp_path / "photos").mkdir()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        shelf = Shelf(tmp_path / "photos", ledger)
        for name in NAMES:
            shelf.put(name, f"{tmp_path} {name}".encode())
        yield shelf


@pytest.fixture
def tables(shelf: Shelf) -> BatchTables:
    """The tables of the photos' batch, in the order of NAMES."""
    files = shelf.identify(shelf.cut_one())
    decoded = [row_of(DECODED_IMAGES, file, path_display=file["path_display"]) for file in files]
    embeddings = [row_of(IMAGE_EMBEDDINGS, file, vector=unit(1)) for file in files]
    others = ([row_of(schema, file) for file in files] for schema in (PHOTO_METADATA, IMAGE_CAPTIONS))
    metadata, captions = others
    return BatchTables(decoded, metadata, embeddings, captions)


def row_of(schema: Schema, file: Row, **values: Any) -> Row:
    empty = {column.name: None for column in schema}
    return empty | {"photo_id": file["photo_id"], "status": "ok"} | values


def put(shelf: Shelf, tables: BatchTables, index: VectorIndex, version: str = VERSION) -> list[Row]:
    """What collection_points does."""
    rows = put_points(tables, index, shelf.ledger, version, DIMENSIONS)
    for batch in shelf.ledger.planned_batches():
        shelf.ledger.finish_batch(batch, outcomes(rows))
    return rows


def said(tables: BatchTables, index: VectorIndex, version: str = VERSION) -> list[tuple[list[str], str]]:
    """The file names and the presence that each photo's point tells, in the order of NAMES."""
    wanted = [row["photo_id"] for row in tables.decoded_images]
    found = {record.point_id: record.payload for record in index.retrieve(version, wanted)}
    told: Sequence[dict[str, Any]] = [found[photo_id] for photo_id in wanted if photo_id in found]
    return [([Path(path).name for path in payload["paths"]], payload["presence"]) for payload in told]


def test_a_file_that_goes_while_its_batch_is_under_way_leaves_an_offline_photo(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    (shelf.root / "0.jpg").unlink()
    shelf.look()

    put(shelf, tables, index)
    assert said(tables, index)[:2] == [(["0.jpg"], "offline"), (["1.jpg"], "present")]
    assert shelf.ledger.counts()["offline"] == 0, "the ledger has not been followed yet"
    follow(shelf.ledger, index, EVER_S, 1.0)
    assert shelf.ledger.counts()["offline"] == 1
    assert follow(shelf.ledger, index, 10.0, 11.0).removed == 1


def test_a_removed_photo_has_a_row_and_no_point_until_a_file_holds_it(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    put(shelf, tables, index)
    (shelf.root / "0.jpg").unlink()
    shelf.look()
    follow(shelf.ledger, index, 0.0, 1.0)

    rows = put(shelf, tables, index)

    assert [row["status"] for row in rows] == ["removed"] + ["ok"] * 5
    assert "PHOTO_MISSING_GRACE_DAYS" in rows[0]["error_message"]
    assert len(said(tables, index)) == 5
    shelf.put("copy.jpg", f"{shelf.root.parent} 0.jpg".encode())
    shelf.run(shelf.cut_one())
    assert [row["status"] for row in put(shelf, tables, index)] == ["ok"] * 6
    assert said(tables, index)[0] == (["copy.jpg"], "present")


def test_an_offline_photo_keeps_the_last_paths_in_a_version_that_is_being_made(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    put(shelf, tables, index)
    (shelf.root / "0.jpg").rename(shelf.root / "renamed.jpg")
    shelf.look()
    follow(shelf.ledger, index, EVER_S, 1.0)
    (shelf.root / "renamed.jpg").unlink()
    shelf.look()
    follow(shelf.ledger, index, EVER_S, 2.0)

    put(shelf, tables, index, OTHER_VERSION)

    assert said(tables, index, OTHER_VERSION)[0] == (["renamed.jpg"], "offline")


def test_what_another_process_tells_while_points_are_written_is_not_undone(
    shelf: Shelf, tables: BatchTables, index: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shelf, tables, index)
    write = index.upsert

    def rename_and_follow_first(*arguments: Any) -> None:
        monkeypatch.undo()
        (shelf.root / "0.jpg").rename(shelf.root / "renamed.jpg")
        shelf.look()
        follow(shelf.ledger, index, EVER_S, 1.0)
        write(*arguments)

    monkeypatch.setattr(index, "upsert", rename_and_follow_first)
    put(shelf, tables, index)

    assert said(tables, index)[0] == (["renamed.jpg"], "present")
    assert shelf.ledger.collection_due(0.0) is None


def test_a_caption_is_found_by_its_vector_unless_that_is_of_other_words_or_another_model(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    photos = [row["photo_id"] for row in tables.decoded_images]
    said = [None if number == 4 else f"words {number}" for number in range(6)]
    captions = [row | {"caption": words} for row, words in zip(tables.image_captions, said, strict=True)]
    embedded = [
        row_of(CAPTION_EMBEDDINGS, row, caption=row["caption"], vector=unit(0, 1, number))
        for number, row in enumerate(captions)
    ]
    embedded[1] |= {"caption": "what it said before"}
    embedded[2] |= {"clip_model": "another"}
    embedded[3] |= {"status": "failed", "vector": None}
    embedded[4] |= {"status": "failed", "vector": None}
    put(shelf, replace(tables, image_captions=captions, caption_embeddings=embedded[::-1]), index)

    found = index.vectors(VERSION, photos, using="caption")
    assert found.keys() == {photos[0], photos[5]}
    assert found[photos[5]] == pytest.approx(unit(0, 1, 5), abs=1e-6)
    put(shelf, tables, index)
    assert index.vectors(VERSION, photos, using="caption") == {}


def test_vectors_of_another_model_are_written_to_the_version_they_belong_to(tables: BatchTables) -> None:
    for row in tables.image_embeddings:
        row |= {"clip_model": "old-clip", "clip_revision": "1", "preprocessing": "as then"}
    space = tables.space()
    assert space is not None and space[0].startswith(f"old-clip-{DIMENSIONS}-") and space[1] == DIMENSIONS
    for row in tables.image_embeddings:
        row |= {"status": "failed", "vector": None}
    assert tables.space() is None


def test_a_photo_that_is_given_up_after_its_point_was_written_loses_that_point(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    put_points(tables, index, shelf.ledger, VERSION, DIMENSIONS)  # and the run dies before it tells the ledger
    shelf.put("0.jpg", b"other bytes")
    shelf.look()
    (batch,) = shelf.ledger.planned_batches()
    rest = [photo for photo in shelf.identify(batch) if photo["status"] == "ok"]
    shelf.finish(batch, rest)

    follow(shelf.ledger, index, EVER_S, 1.0)

    assert [names for names, _ in said(tables, index)] == [[name] for name in NAMES[1:]]


def test_a_photo_that_fails_when_it_is_done_again_loses_its_point(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    (batch,) = shelf.ledger.planned_batches()
    rows = put(shelf, tables, index)
    failed = rows[0] | {"status": "failed", "error_kind": "corrupt", "error_message": "cut off"}
    shelf.ledger.finish_batch(batch, outcomes([failed, *rows[1:]]))

    follow(shelf.ledger, index, EVER_S, 1.0)

    assert [names for names, _ in said(tables, index)] == [[name] for name in NAMES[1:]]


def test_a_photo_that_fails_after_its_run_died_loses_the_point_that_the_run_wrote(
    shelf: Shelf, tables: BatchTables, index: VectorIndex
) -> None:
    (batch,) = shelf.ledger.planned_batches()
    rows = put_points(tables, index, shelf.ledger, VERSION, DIMENSIONS)  # and the run dies
    shelf.identify(batch)
    failed = rows[0] | {"status": "failed", "error_kind": "timed_out", "error_message": "too slow"}
    shelf.ledger.finish_batch(batch, outcomes([failed, *rows[1:]]))

    follow(shelf.ledger, index, EVER_S, 1.0)

    assert [names for names, _ in said(tables, index)] == [[name] for name in NAMES[1:]]
