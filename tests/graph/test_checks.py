"""The checks fail when they should, name what is wrong, and a blocking one stops the batch."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
import numpy as np
import pytest

from photo_assets import checks
from photo_assets.definitions import build_defs, open_resource
from photo_assets.ingest import ingest
from photo_assets.instance import open_instance
from photo_assets.settings import Settings
from photo_assets.steps.scanning import Roots, scan_until_settled
from photo_assets.steps.truth import Differences
from resources.inference.port import Inferred, ItemError


def embedding(photo_id: str, vector: list[float]) -> dict[str, Any]:
    return {"photo_id": photo_id, "status": "ok", "vector": vector}


def test_a_lost_a_doubled_and_a_swapped_row_are_all_seen() -> None:
    expected = ["a", "b", "c"]
    rows = [{"photo_id": photo_id} for photo_id in expected]
    assert checks.rows_complete("photo_metadata", expected, rows).passed
    for wrong in (rows[:2], [*rows, rows[0]], [rows[1], rows[0], rows[2]]):
        assert not checks.rows_complete("photo_metadata", expected, wrong).passed


@pytest.mark.parametrize("vector", [[float("nan"), 0.0], [0.5, 0.0], [float("inf"), 0.0]])
def test_a_vector_that_is_not_of_norm_one_is_named(vector: list[float]) -> None:
    result = checks.vectors_are_unit("image_embeddings", [embedding("good", [0.6, 0.8]), embedding("bad", vector)])
    assert not result.passed
    assert result.metadata["wrong_ids"].value == ["bad"]


def test_a_caption_of_spaces_is_empty() -> None:
    rows = [{"photo_id": "a", "status": "ok", "caption": "  "}, {"photo_id": "b", "status": "failed", "caption": None}]
    assert checks.captions_not_empty(rows).metadata["wrong_ids"].value == ["a"]


def test_missing_and_orphan_points_fail_the_collection() -> None:
    assert checks.collection_matches_ledger(Differences("v", 2, 2)).passed
    assert [spec.blocking for spec in checks.check_specs("photo_collection")] == [True, False]
    for what in ("missing", "orphans", "stale", "waiting", "untold"):
        told = checks.collection_matches_ledger(Differences("v", 2, 2, **{what: ["a"]}))
        assert not told.passed and told.metadata[what].value == 1 and told.metadata[f"{what}_ids"].value == ["a"]
        assert "photos" in str(told.metadata["remedy"].value)
        is_blocking = told.severity == dg.AssetCheckSeverity.ERROR
        assert is_blocking == (what != "waiting"), "photos that wait for the model hold nothing up"


class BrokenEngine:
    """The real engine, but its vectors are twice too long."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def infer(self, pictures: Any, **asked: bool) -> Iterator[Inferred]:
        for answer in self._engine.infer(pictures, **asked):
            failed = isinstance(answer.vector, ItemError)
            yield answer if failed else replace(answer, vector=np.asarray(answer.vector) * 2)


class BrokenInference:
    """Stands in for the inference resource."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def engine(self) -> BrokenEngine:
        return BrokenEngine(self._engine)


def test_a_blocking_check_keeps_wrong_vectors_out_of_the_collection(settings: Settings, library: Any) -> None:
    engine = open_resource(settings, "inference").engine()
    with open_resource(settings, "library").ledger() as ledger, open_instance(settings) as instance:
        (batch, *_) = scan_until_settled(ledger, Roots(settings.library_roots, settings.photo_data), 100).batches
        instance.add_dynamic_partitions("photo_batches", [batch])
        job = build_defs(settings, resources={"inference": BrokenInference(engine)}).resolve_job_def("ingest_batch")
        result = job.execute_in_process(instance=instance, partition_key=batch, raise_on_error=False)
        assert not result.success
        assert ledger.planned_batches() == [batch]
    failed = {
        event.event_specific_data.check_name
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION" and not event.event_specific_data.passed
    }
    assert failed == {"vectors_are_unit"}
    again = ingest(settings, settings.library_roots, lambda total: lambda stage, photos: None)
    assert again.counts["ok"] == 6
