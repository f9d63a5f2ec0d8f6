"""What inference tells of a run, what several batches in one run share, and what is noticed before any work."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from photo_assets.definitions import build_defs
from photo_assets.ingest import ingest
from photo_assets.instance import open_instance
from photo_assets.settings import Settings, load_settings
from photo_assets.tables import SCHEMAS
from resources.errors import PhotoPlatformError
from resources.inference.engine import InProcessEngine, engine_for
from resources.inference.errors import ModelUnavailable
from resources.tables.frames import rows_of
from resources.tables.store import TableStore
from tests.conftest import write_photo

INFERRED = ("image_embeddings", "image_captions")


@pytest.fixture
def fresh_engine() -> None:
    """An engine that remembers no answers of earlier tests."""
    engine_for.cache_clear()


def ingest_now(settings: Settings) -> None:
    ingest(settings, settings.library_roots, lambda total: lambda stage, photos: None)


def infer_range(settings: Settings, instance: dg.DagsterInstance, batches: Sequence[str]) -> dg.ExecuteInProcessResult:
    """One run over all of these batches, as a backfill starts it."""
    between = {"dagster/asset_partition_range_start": batches[0], "dagster/asset_partition_range_end": batches[-1]}
    job = build_defs(settings).resolve_implicit_global_asset_job_def()
    selected = [dg.AssetKey(name) for name in INFERRED]
    return job.execute_in_process(instance=instance, asset_selection=selected, tags=between)


def told(instance: dg.DagsterInstance, asset: str, many: int) -> dict[str, dict[str, Any]]:
    """The metadata of the latest materializations by batch."""
    found = instance.fetch_materializations(dg.AssetKey(asset), limit=many).records
    events = [record.asset_materialization for record in found]
    return {str(each.partition): {key: value.value for key, value in each.metadata.items()} for each in events if each}


def contents(settings: Settings, batches: Sequence[str]) -> tuple[list[Any], np.ndarray]:
    """What both tables of these batches say of each photo, and the vectors, which differ a little by the batch."""
    store = TableStore(settings.photo_data / "tables")
    rows = [row for name in INFERRED for key in batches for row in rows_of(store.read(name, key, SCHEMAS[name]))]
    said = [(row["photo_id"], row["status"], row.get("caption")) for row in rows]
    return said, np.stack([row["vector"] for row in rows if row.get("vector") is not None])


def test_small_batches_of_one_run_share_the_devices_batches_and_keep_their_own_rows(
    settings: Settings, fresh_engine: None
) -> None:
    settings = settings.model_copy(update={"photo_inference_dtype": "float32"})
    (root,) = settings.library_roots
    for number in range(9):
        write_photo(root / f"{number:02}.png", seed=number)
    (root / "03.png").write_bytes(b"no photo")
    ingest_now(settings)
    with open_instance(settings) as instance:
        batches = instance.get_dynamic_partitions("photo_batches")
        said, vectors = contents(settings, batches)
        engine_for.cache_clear()
        infer_range(settings, instance, batches)
        said_again, vectors_again = contents(settings, batches)
        assert len(batches) == 3 and said_again == said and np.allclose(vectors, vectors_again, atol=1e-4)
        for asset in INFERRED:
            by_batch = told(instance, asset, 3)
            assert {each["vector_batches"] for each in by_batch.values()} == {1}, "8 pictures fit one batch of 32"
            assert {each["mean_caption_batch"] for each in by_batch.values()} == {8.0}
            assert [by_batch[batch]["rows"] for batch in batches] == [4, 4, 1]
            assert [by_batch[batch]["failed"] for batch in batches] == [1, 0, 0]
            assert all(batch in by_batch[batch]["table"] for batch in batches)


def test_a_run_tells_of_its_own_work_and_not_of_earlier_runs(settings: Settings, fresh_engine: None) -> None:
    (root,) = settings.library_roots
    for number in range(8):
        write_photo(root / f"{number:02}.png", seed=number)
    ingest_now(settings)
    with open_instance(settings) as instance:
        first, second = sorted(told(instance, "image_embeddings", 2).items())
        assert [(each["pictures"], each["vector_batches"]) for _, each in (first, second)] == [(4, 1), (4, 1)]
        assert "load_clip_memory_before_mb" in first[1] and "load_clip_memory_before_mb" not in second[1]
        result = infer_range(settings, instance, [first[0], second[0]])
        (again, _) = told(instance, "image_captions", 2).values()
        assert (again["pictures"], again["copies_spared"], again["caption_batches"]) == (8, 8, 0)
        log = [record.user_message for record in instance.all_logs(result.run_id)]
    assert [line.partition(":")[0] for line in log if " MB before, " in line] == ["vector", "caption"]
    assert 0 < first[1]["vector_memory_before_mb"] <= first[1]["vector_memory_peak_mb"]


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("PHOTO_CLIP_MODEL", "/no/such/folder", "Set PHOTO_CLIP_MODEL"),
        ("PHOTO_BLIP_MODEL", "/no/such/folder", "Set PHOTO_BLIP_MODEL"),
        ("PHOTO_INFERENCE_BACKEND", "torchscript", "photos models export --format torchscript"),
    ],
)
def test_missing_models_are_noticed_before_anything_is_decoded(
    settings: Settings, library: object, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(PhotoPlatformError, match=remedy):
        ingest_now(load_settings())
    assert not decoded_below(settings) and not (settings.photo_data / "tables").exists()


def test_what_is_decoded_lies_where_the_test_before_looks(settings: Settings, library: object) -> None:
    ingest_now(settings)
    assert decoded_below(settings) and (settings.photo_data / "tables").exists()


def decoded_below(settings: Settings) -> list[Path]:
    return list(settings.photo_data.glob("previews/**/*.jpg"))


def test_a_run_without_models_fails_as_it_begins_and_says_why(
    settings: Settings, library: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_BLIP_MODEL", "/no/such/folder")
    with open_instance(settings) as instance:
        instance.add_dynamic_partitions("photo_batches", ["batch"])
        job = build_defs(load_settings()).resolve_job_def("ingest_batch")
        result = job.execute_in_process(instance=instance, partition_key="batch", raise_on_error=False)
    assert not result.success and not result.get_step_success_events()
    assert "Set PHOTO_BLIP_MODEL" in str([event.event_specific_data for event in result.all_events])


def test_a_run_that_infers_nothing_needs_no_models(
    settings: Settings, library: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_now(settings)
    (settings.library_roots[0] / "photo-0.jpg.xmp").write_text("<x/>")
    monkeypatch.setenv("PHOTO_BLIP_MODEL", "/no/such/folder")
    ingested = ingest(load_settings(), settings.library_roots, lambda total: lambda stage, photos: None)
    assert len(ingested.described) == 1 and not ingested.failed


def test_models_that_vanish_between_batches_stop_the_ingest_with_their_own_words(
    settings: Settings, library: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([True] * 3)  # while files settle, before the first run, as that begins

    def ready_thrice(self: InProcessEngine) -> None:
        if not next(looks, False):
            raise ModelUnavailable("it", "PHOTO_CLIP_MODEL", "vanished")

    monkeypatch.setattr(InProcessEngine, "ready", ready_thrice)
    with pytest.raises(ModelUnavailable, match="vanished"):
        ingest_now(settings)
