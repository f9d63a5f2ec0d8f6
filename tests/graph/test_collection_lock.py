"""Commands that write the collection outside of a run, beside runs that write it: neither undoes what the other did."""

import uuid
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from photo_assets.assets.collection import collection_points, photo_collection
from photo_assets.assets.indexing import collection_index
from photo_assets.assets.snapshots import collection_snapshot
from photo_assets.collection_lock import POOL, CollectionBusy, only_writer
from photo_assets.ingest_lock import COMMAND, ingest_is_under_way
from photo_assets.instance import open_instance
from photo_assets.moving import push_to, restore
from photo_assets.refreshing import refresh, repair
from photo_assets.repairing import find, settle
from photo_assets.settings import Settings
from resources.library.identity import photo_id
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import IndexInUse
from resources.vectors.port import Point
from resources.vectors.server import ServerIndex
from tests.vectors.samples import unit

from .truthful import VERSION, Truthful, truthful

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Truthful]:
    library = truthful(tmp_path)
    yield library
    library.ledger.close()


def is_free(settings: Settings, run: str = "a run") -> bool:
    """Whether a step of another run would get its place in the pool; it gives it back."""
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        claimed = storage.claim_concurrency_slot(POOL, run, "step").is_claimed
        storage.free_concurrency_slots_for_run(run)
    return claimed


def test_what_writes_the_collection_shares_the_pool() -> None:
    assets = (collection_points, photo_collection, collection_index, collection_snapshot)
    assert {asset.op.pool for asset in assets} == {POOL}


def test_a_run_waits_while_a_command_writes_and_goes_on_afterwards(settings: Settings) -> None:
    with only_writer(settings):
        assert not is_free(settings)
    assert is_free(settings)


def test_all_places_are_taken_where_somebody_has_allowed_more_than_one(settings: Settings) -> None:
    with open_instance(settings) as instance:
        instance.event_log_storage.set_concurrency_slots(POOL, 3)
    with only_writer(settings):
        assert not is_free(settings)
    assert is_free(settings)


@pytest.mark.parametrize("ended_by", ["the next command", "the sensor"])
def test_what_a_killed_command_held_is_given_back(settings: Settings, ended_by: str) -> None:
    with only_writer(settings):
        pass
    with open_instance(settings) as instance:
        assert instance.event_log_storage.claim_concurrency_slot(POOL, COMMAND, "place 0").is_claimed
    if ended_by == "the sensor":
        with open_instance(settings) as instance:
            assert not ingest_is_under_way(settings.photo_data, instance)
        assert is_free(settings)
    else:
        with only_writer(settings, patience_s=0):
            assert not is_free(settings)


def test_commands_change_nothing_while_a_run_writes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(only_writer.__wrapped__.__kwdefaults__, "patience_s", 0.0)
    archive = settings.photo_data / f"{VERSION}.tar.gz"
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.touch()
    with only_writer(settings):  # makes the pool
        pass
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        assert storage.claim_concurrency_slot(POOL, "a run", "step").is_claimed
        for command in (
            lambda: repair(settings, lambda total: lambda *_: None),
            lambda: refresh(settings, lambda total: lambda *_: None),
            lambda: restore(settings, archive),
            lambda: push_to(settings, "http://127.0.0.1:9", lambda points: None),
        ):
            with pytest.raises(CollectionBusy, match="Wait for it or end it"):
                command()
        storage.free_concurrency_slots_for_run("a run")
    assert is_free(settings), "who gave up does not stand in line any more"


def test_without_it_a_server_loses_a_point_that_is_brought_while_a_repair_looks(library: Truthful) -> None:
    content = b"late"
    late = photo_id(sha256(content).hexdigest())
    library.shelf.put("late.jpg", content)
    batch = library.shelf.cut_one()
    with ServerIndex("memory", client=QdrantClient(":memory:")) as index:
        for earlier in library.tables:
            library.write(index, earlier)
        index.upsert(VERSION, [Point(late, unit(1), {"photo_id": late})])  # left by an earlier life of this photo
        wrong = find(index, library.ledger, library.store)
        assert [found.orphans for found in wrong.versions] == [[late]]
        library.add(batch)
        assert library.write(index, batch) == []
        settle(index, library.ledger, wrong)
        assert [found.missing for found in library.wrong(index).versions] == [[late]], "told by the next comparison"
        library.repair(index)
        assert library.wrong(index).is_nothing


def test_the_embedded_engine_lets_nobody_write_between_a_repair_s_look_and_its_end(
    library: Truthful, tmp_path: Path
) -> None:
    stranger = Point(str(uuid.UUID(int=1)), unit(1), {"photo_id": "x"})
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as index:
        for batch in library.tables:
            library.write(index, batch)
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as mine, EmbeddedIndex(tmp_path / "index", wait_s=0) as other:
        wrong = find(mine, library.ledger, library.store)
        with pytest.raises(IndexInUse):
            other.upsert(VERSION, [stranger])
        settle(mine, library.ledger, wrong)
        mine.close()
        other.upsert(VERSION, [stranger])
        assert other.count(VERSION) == 7
