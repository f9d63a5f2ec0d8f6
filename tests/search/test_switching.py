"""A collection changes its model while it is searched: which model answers, and never a mix of two."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photo_assets.search.errors import SearchError
from photo_assets.search.models import VersionModels
from photo_assets.search.query import Query
from photo_assets.search.searching import Searcher
from photo_assets.search.service.library import Library
from photo_assets.steps.versions import drop, made_by, switch
from resources.decoding.previews import PreviewStore
from resources.inference.port import Inferred, ItemError, Provenance
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import UnknownVersion
from resources.vectors.lending import Lending
from resources.vectors.port import Point, VectorIndex

from ..inference.services import DIMENSIONS, FakeEngine
from .conftest import PHOTOS, payload, photo_id, vector


class OtherEngine(FakeEngine):
    """Another model: what is near for the first is far for it."""

    clip = Provenance("other", "7", "as it is", "float32")

    def embed_texts(self, texts: Any) -> list[np.ndarray | ItemError]:
        return [-np.asarray(vector) for vector in super().embed_texts(texts)]

    def infer(self, pictures: Any, **asked: bool) -> Iterator[Inferred]:
        return (Inferred(-np.asarray(each.vector)) for each in super().infer(pictures, **asked))


OLD, NEW = FakeEngine(), OtherEngine()
OLD_VERSION, NEW_VERSION = made_by(OLD), made_by(NEW, "/models/other")


class Inference:
    """The settings' engine, of a service where there is a `url`, and any other by what is known of it."""

    def __init__(self, engine: FakeEngine, url: str = "") -> None:
        self._engine, self.url = engine, url
        self.asked: list[tuple[str, str, str | None]] = []

    def provenance(self) -> tuple[Provenance, Provenance]:
        return self._engine.clip, self._engine.blip

    def engine(self) -> FakeEngine:
        return self._engine

    def engine_of(self, *known: Any) -> FakeEngine:
        self.asked.append(known)
        return OLD if known[0] == OLD.clip.model else NEW


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    """The old model's version is whole and searched."""
    with EmbeddedIndex(tmp_path / "collection", wait_s=10) as index:
        index.create_version(OLD_VERSION.name, DIMENSIONS)
        index.upsert(OLD_VERSION.name, [point(n, OLD) for n in range(PHOTOS)])
        index.switch_alias(OLD_VERSION.name)
        yield index


@pytest.fixture
def open_ledger(tmp_path: Path) -> Callable[[], Ledger]:
    return lambda: Ledger(tmp_path / "ledger.sqlite")


def point(number: int, engine: FakeEngine) -> Point:
    """The photo as the model sees it."""
    clip = {"clip_model": engine.clip.model, "clip_revision": "1", "preprocessing": engine.clip.preprocessing}
    return Point(photo_id(number), vector(number) if engine is OLD else -vector(number), payload(number) | clip)


def build(index: VectorIndex, ledger: Ledger) -> None:
    """The new model's version beside the old one."""
    index.create_version(NEW_VERSION.name, DIMENSIONS)
    ledger.note_version(NEW_VERSION)
    for number in range(PHOTOS):
        index.upsert(NEW_VERSION.name, [point(number, NEW)])


def test_the_settings_model_answers_for_its_own_version_and_needs_no_ledger(index: VectorIndex) -> None:
    def refused() -> Ledger:
        raise AssertionError("the ledger was opened")

    models = VersionModels(Inference(OLD), refused)  # type: ignore[arg-type]
    assert models(index, OLD_VERSION.name) is OLD
    assert models(index, None) is OLD


def test_an_earlier_version_is_answered_by_the_model_that_made_it(
    index: VectorIndex, open_ledger: Callable[[], Ledger]
) -> None:
    inference = Inference(NEW)
    models = VersionModels(inference, open_ledger)  # type: ignore[arg-type]
    assert models(index, OLD_VERSION.name) is OLD
    assert models(index, OLD_VERSION.name) is OLD
    assert inference.asked == [("clip", "1", None)], "told by its points, and asked once"
    with open_ledger() as ledger:
        ledger.note_version(KnownVersion("another-16-x", "other", "8", "as it was", DIMENSIONS, "/models/older"))
    models(index, "another-16-x")
    assert inference.asked[1:] == [("other", "8", "/models/older")]


def test_a_search_without_a_ledger_learns_from_the_points_which_model_made_the_version(
    index: VectorIndex, tmp_path: Path
) -> None:
    inference, no_file = Inference(NEW), tmp_path / "folder"
    no_file.mkdir()
    models = VersionModels(inference, lambda: Ledger(no_file))  # type: ignore[arg-type]
    assert models(index, OLD_VERSION.name) is OLD
    assert inference.asked == [("clip", "1", None)]


def test_a_service_that_comes_back_with_another_model_is_not_asked_for_the_earlier_ones_vectors(
    index: VectorIndex, open_ledger: Callable[[], Ledger]
) -> None:
    service = FakeEngine()
    inference = Inference(service, "http://127.0.0.1:1")
    models = VersionModels(inference, open_ledger)  # type: ignore[arg-type]
    assert models(index, OLD_VERSION.name) is service and models(index, OLD_VERSION.name) is service
    service.clip = OtherEngine.clip  # type: ignore[misc]
    assert models(index, OLD_VERSION.name) is OLD
    assert inference.asked == [("clip", "1", None)]


def test_a_service_goes_on_in_the_version_before_until_the_next_ones_model_is_loaded(
    index: VectorIndex, open_ledger: Callable[[], Ledger], tmp_path: Path
) -> None:
    loaded = threading.Event()

    class Slow(OtherEngine):
        def embed_texts(self, texts: Any) -> list[np.ndarray | ItemError]:
            assert loaded.wait(30)
            return super().embed_texts(texts)

    with open_ledger() as ledger:
        build(index, ledger)
        engines = {OLD_VERSION.name: OLD, NEW_VERSION.name: Slow()}
        pictures: Any = None
        with closing(Lending(index)) as lending:
            library = Library(lending, lambda _, version: engines[version or ""], PreviewStore(tmp_path), pictures)
            library.load()
            switch(index, ledger, NEW_VERSION.name)
            for _ in range(3):
                assert library.find(Query("photo 3"))[0].photo_id == photo_id(3)
                assert (library.model(), library.searched()) == ("clip", NEW_VERSION.name)
            loaded.set()
            deadline = time.monotonic() + 30
            while library.model() != "other":
                assert library.find(Query("photo 3"))[0].photo_id == photo_id(3)
                assert time.monotonic() < deadline
            assert library.find(Query("photo 3"))[0].photo_id == photo_id(3)
            switch(index, ledger, OLD_VERSION.name)
            drop(index, ledger, NEW_VERSION.name)
            assert library.find(Query("photo 3"))[0].photo_id == photo_id(3)


def test_a_version_of_which_nothing_is_known_is_not_searched_with_any_model(
    index: VectorIndex, open_ledger: Callable[[], Ledger]
) -> None:
    index.create_version("empty", DIMENSIONS)
    with pytest.raises(SearchError, match="not known which model made the collection empty"):
        VersionModels(Inference(NEW), open_ledger)(index, "empty")  # type: ignore[arg-type]


def test_searches_go_on_through_build_switch_and_rollback_and_never_mix_two_models(
    index: VectorIndex, open_ledger: Callable[[], Ledger], tmp_path: Path
) -> None:
    """A photo's own words find it at a cosine of 1 only in the version of the model that embedded the words."""
    searcher = Searcher(index, VersionModels(Inference(NEW), open_ledger), PreviewStore(tmp_path))  # type: ignore[arg-type]
    asked: list[tuple[str | None, str | None]] = []
    failed: list[BaseException] = []
    ended = threading.Event()

    def search_in_a_loop() -> None:
        number = 0
        while not ended.is_set():
            number = (number + 1) % PHOTOS
            before = index.active_version()
            try:
                (found,) = searcher.find(Query(f"photo {number}", limit=1))
                assert (found.photo_id, found.score) == (photo_id(number), pytest.approx(1, abs=1e-5))
            except BaseException as error:
                failed.append(error)
            asked.append((before, index.active_version()))

    def searched(version: KnownVersion, times: int) -> None:
        """Wait until so many more queries began and ended in this version."""
        wanted = asked.count((version.name, version.name)) + times
        while asked.count((version.name, version.name)) < wanted and thread.is_alive() and not failed:
            ended.wait(0.001)

    thread = threading.Thread(target=search_in_a_loop)
    thread.start()
    with open_ledger() as ledger:
        build(index, ledger)
        searched(OLD_VERSION, 20)
        for _ in range(5):
            switch(index, ledger, NEW_VERSION.name)
            searched(NEW_VERSION, 20)
            switch(index, ledger, OLD_VERSION.name, by_hand=True)
            searched(OLD_VERSION, 20)
        switch(index, ledger, NEW_VERSION.name)
        drop(index, ledger, OLD_VERSION.name)
        searched(NEW_VERSION, 20)
    ended.set()
    thread.join()
    assert failed == []
    assert {each[0] for each in asked} == {OLD_VERSION.name, NEW_VERSION.name}


def test_a_query_keeps_to_its_version_whatever_is_searched_meanwhile(
    index: VectorIndex, open_ledger: Callable[[], Ledger], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger() as ledger:
        build(index, ledger)
    active, seen = [OLD_VERSION.name, NEW_VERSION.name], list[str]()

    def flipping() -> str:
        active.reverse()
        seen.append(active[0])
        return active[0]

    monkeypatch.setattr(index, "active_version", flipping)
    searcher = Searcher(index, VersionModels(Inference(NEW), open_ledger), PreviewStore(tmp_path))  # type: ignore[arg-type]
    for query in (Query("photo 3"), Query("photo 3", hybrid=True), Query("photo 3", like=photo_id(5), text_weight=1)):
        one, other = (searcher.find(replace(query, limit=PHOTOS)) for _ in range(2))
        assert [found.score for found in one] == pytest.approx([found.score for found in other], abs=1e-5)
        assert one[0].photo_id == photo_id(3)
    assert len(seen) == 6, "each query asked once which version is searched"


def test_a_query_whose_version_is_dropped_under_it_is_answered_by_the_one_that_is_searched(
    index: VectorIndex, open_ledger: Callable[[], Ledger], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher(index, VersionModels(Inference(NEW), open_ledger), PreviewStore(tmp_path))  # type: ignore[arg-type]
    query = index.query

    def switch_and_drop_first(*arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        with open_ledger() as ledger:
            build(index, ledger)
            switch(index, ledger, NEW_VERSION.name)
            drop(index, ledger, OLD_VERSION.name)
        return query(*arguments, **named)

    monkeypatch.setattr(index, "query", switch_and_drop_first)
    assert searcher.find(Query("photo 3"))[0].photo_id == photo_id(3)
    with pytest.raises(UnknownVersion):
        searcher.find(Query("photo 3"), OLD_VERSION.name)
