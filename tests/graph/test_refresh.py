"""What is behind the settings is done again, that and nothing else, wherever its photos lie by now."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from photo_assets.at_work import RANGE_END, RANGE_START
from photo_assets.definitions import build_defs, open_resource
from photo_assets.ingest import ingest
from photo_assets.instance import open_instance
from photo_assets.jobs import BATCH_ASSETS
from photo_assets.provenance import Facts, current
from photo_assets.refresh_plan import current_provenance
from photo_assets.refreshing import Refreshed, due_now, plan_now, refresh
from photo_assets.settings import Settings, load_settings
from photo_assets.tables import SCHEMAS
from resources.decoding.pool import DecodingPool
from resources.inference import engine as engine_module
from resources.inference.blip import Blip
from resources.inference.checkpoints import Checkpoint
from resources.inference.clip import Clip
from resources.inference.engine import engine_for
from resources.inference.errors import ModelUnavailable
from resources.inference.port import Provenance
from resources.tables.frames import rows_of
from resources.tables.store import TableStore
from tests.conftest import write_photo
from tests.inference.services import FakeEngine, serving

CLIP = Provenance("clip", "1", "resized", "float32")
BLIP = Provenance("blip", "1", "resized", "float32", "greedy")
AFTER_CAPTIONS = ["image_captions", "caption_embeddings", "collection_points"]
AFTER_DECODING = ["decoded_images", "photo_metadata", "image_embeddings", *AFTER_CAPTIONS]


@pytest.fixture
def ingested(settings: Settings) -> Settings:
    """Two batches of photos in the collection."""
    (root,) = settings.library_roots
    for number in range(6):
        write_photo(root / f"{number}.png", seed=number)
    ingest_now(settings)
    return settings


def ingest_now(settings: Settings) -> None:
    ingest(settings, settings.library_roots, lambda total: lambda stage, photos: None)


def refresh_now(settings: Settings) -> Refreshed:
    return refresh(settings, lambda total: lambda stage, files: None)


def ledger_of(settings: Settings) -> Any:
    return open_resource(settings, "library").ledger()


def captioned_photos(settings: Settings) -> set[str]:
    """The photos whose points have their captions' vectors."""
    with open_resource(settings, "vectors").index() as index:
        (version,) = index.versions()
        return set(index.vectors(version, [record.point_id for record in index.scroll(version)], using="caption"))


def rows(settings: Settings, asset: str, batch: str) -> list[dict[str, Any]]:
    return rows_of(TableStore(settings.photo_data / "tables").read(asset, batch, SCHEMAS[asset]))


def changed(settings: Settings, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name.upper(), value)
    return load_settings()


def stale(now: dict[str, Facts], then: dict[str, Facts]) -> list[str]:
    return [name for name in now if now[name] != then[name]]


@pytest.mark.parametrize(
    ("policy", "clip", "blip", "assets"),
    [
        ("v1", CLIP, BLIP, []),
        ("v2", CLIP, BLIP, AFTER_DECODING),
        (
            "v1",
            Provenance("clip", "2", "resized", "float32"),
            BLIP,
            ["image_embeddings", "caption_embeddings", "collection_points"],
        ),
        ("v1", Provenance("clip", "1", "cropped", "float32"), BLIP, ["image_embeddings", "collection_points"]),
        ("v1", CLIP, Provenance("other", "1", "resized", "", "greedy"), AFTER_CAPTIONS),
        ("v1", CLIP, Provenance("blip", "1", "resized", "", "2 beams"), AFTER_CAPTIONS),
        ("v1", Provenance("clip", "1", "resized", "int8"), Provenance("blip", "1", "resized", "", "greedy"), []),
    ],
)
def test_what_differs_makes_its_tables_and_those_downstream_stale_and_a_number_format_none(
    policy: str, clip: Provenance, blip: Provenance, assets: list[str]
) -> None:
    assert stale(current(policy, clip, blip), current("v1", CLIP, BLIP)) == assets


def test_what_would_be_written_is_told_without_models_just_as_they_write_it(ingested: Settings) -> None:
    inference = open_resource(ingested, "inference")
    engine = inference.engine()
    told = current_provenance(open_resource(ingested, "decoding"), inference)
    policies = [each["decoded_images"]["decoder_policy"] for each in told]
    assert told == [current(policy, engine.clip, engine.blip) for policy in policies]
    assert due_now(ingested) == []


def test_a_plan_needs_no_model_and_says_what_it_does_not_know(
    ingested: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(checkpoint: Checkpoint) -> None:
        raise ModelUnavailable(checkpoint.source, checkpoint.variable, "no hub is reached")

    monkeypatch.setattr(Checkpoint, "preprocessor_config", unavailable)
    due, unknown = plan_now(ingested)
    assert due == [] and [line.partition(":")[0] for line in unknown] == [
        "small-clip cannot be had here",
        "small-blip cannot be had here",
    ]
    due, unknown = plan_now(changed(ingested, monkeypatch, photo_blip_model="owner/another@abc"))
    assert [each.assets for each in due] == [tuple(AFTER_CAPTIONS)] * 2 and "owner/another" in unknown[1]
    assert len(due[0].why) == 2 and all("-> owner/another" in why or "-> abc" in why for why in due[0].why)
    with pytest.raises(ModelUnavailable):
        due_now(ingested)


def test_telling_what_would_be_written_brings_no_torch_into_the_code_server(settings: Settings) -> None:
    program = """
import sys
from photo_assets.definitions import open_resource
from photo_assets.refresh_plan import current_provenance
from photo_assets.settings import load_settings
settings = load_settings()
told = current_provenance(open_resource(settings, "decoding"), open_resource(settings, "inference"))
print("small-clip" in str(told), "torch" in sys.modules)
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["True", "False"]


def test_a_service_that_has_the_models_says_what_would_be_written(
    ingested: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(FakeEngine()) as url:
        due = due_now(changed(ingested, monkeypatch, inference_url=url))
    assert {name for each in due for name in each.assets} == {"image_embeddings", *AFTER_CAPTIONS}


def test_only_stale_assets_run_and_only_once(ingested: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    beams = changed(ingested, monkeypatch, photo_caption_beams="2")
    due = due_now(beams)
    assert [each.assets for each in due] == [tuple(AFTER_CAPTIONS)] * 2
    assert due[0].why == ("image_captions: caption_decoding greedy, 20 tokens -> 2 beams, 20 tokens",)
    monkeypatch.setattr(DecodingPool, "decode", None)
    assert [each.batch for each in refresh_now(beams).done] == [each.batch for each in due]
    assert {row["caption_decoding"] for each in due for row in rows(beams, "image_captions", each.batch)} == {
        "2 beams, 20 tokens"
    }
    assert due_now(beams) == [] and refresh_now(beams).done == []
    with open_instance(beams) as instance:
        first, ingest_run = instance.get_runs(dg.RunsFilter(tags={"photos/batch": due[0].batch}))
    assert first.asset_selection == set(due[0].selection())
    assert (first.tags["photos/files"], first.tags["photos/started_by"]) == ("4", "refresh")
    assert (ingest_run.tags["photos/files"], ingest_run.tags["photos/started_by"]) == ("4", "ingest")


def test_a_batch_of_an_earlier_release_gets_vectors_of_its_captions_without_decoding_or_captioning(
    ingested: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, later = [each.key for each in ledger_of(ingested).stale_batches({"any": {"unlike": "all"}})]
    (ingested.photo_data / "tables" / "caption_embeddings" / f"{batch}.parquet").unlink()
    with sqlite3.connect(ingested.photo_data / "ledger.sqlite") as ledger:
        ledger.execute("DELETE FROM batch_provenance WHERE asset = 'caption_embeddings' AND batch = ?", [batch])
    with open_instance(ingested) as instance:
        job = build_defs(ingested).resolve_job_def("rewrite_points")
        assert job.execute_in_process(instance=instance, partition_key=batch).success

    assert captioned_photos(ingested) == {row["photo_id"] for row in rows(ingested, "image_captions", later)}
    (due,) = due_now(ingested)
    assert (due.batch, due.assets) == (batch, ("caption_embeddings", "collection_points"))
    assert due.why == ("caption_embeddings: not known what made it",)
    monkeypatch.setattr(DecodingPool, "decode", None)
    monkeypatch.setattr(Blip, "__init__", None)
    assert [each.batch for each in refresh_now(ingested).done] == [batch]
    captioned = {row["photo_id"] for key in (batch, later) for row in rows(ingested, "image_captions", key)}
    assert captioned_photos(ingested) == captioned and due_now(ingested) == []


def test_a_backfills_run_takes_several_batches_from_files_to_points_and_loads_each_model_once(
    ingested: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_for.cache_clear()
    loaded: list[str] = []
    monkeypatch.setattr(engine_module, "Clip", lambda *parts: loaded.append("clip") or Clip(*parts))
    monkeypatch.setattr(engine_module, "Blip", lambda *parts: loaded.append("blip") or Blip(*parts))
    with open_instance(ingested) as instance:
        batches = instance.get_dynamic_partitions("photo_batches")
        before = [rows(ingested, asset, batch) for asset in ("photo_files", "image_captions") for batch in batches]
        between = {RANGE_START: batches[0], RANGE_END: batches[-1]}
        result = (
            build_defs(ingested).resolve_job_def("ingest_batch").execute_in_process(instance=instance, tags=between)
        )
        after = [rows(ingested, asset, batch) for asset in ("photo_files", "image_captions") for batch in batches]
    assert len(batches) == 2 and sorted(loaded) == ["blip", "clip"]
    assert len(result.get_asset_materialization_events()) == len(BATCH_ASSETS) * 2
    assert after == before and due_now(ingested) == []


@pytest.mark.parametrize(("batches", "at_once"), [("16", 16), ("1", 1), ("0", None)])
def test_a_run_of_a_backfill_takes_as_many_batches_as_the_setting_says(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, batches: str, at_once: int | None
) -> None:
    definitions = build_defs(changed(settings, monkeypatch, photo_backfill_batches=batches))
    graph = definitions.resolve_asset_graph()
    policies = [graph.get(dg.AssetKey(name)).backfill_policy for name in BATCH_ASSETS]
    assert {policy.max_partitions_per_run for policy in policies if policy} == {at_once} and None not in policies
    assert definitions.resolve_job_def("ingest_batch").backfill_policy.max_partitions_per_run == at_once


def test_a_run_that_dies_before_the_points_leaves_its_batch_due(
    ingested: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    beams = changed(ingested, monkeypatch, photo_caption_beams="2")
    batch = due_now(beams)[0].batch
    with open_instance(beams) as instance:
        job = build_defs(beams).resolve_job_def("ingest_batch")
        captions = [dg.AssetKey("image_captions")]
        job.execute_in_process(instance=instance, partition_key=batch, asset_selection=captions)
    assert rows(beams, "image_captions", batch)[0]["caption_decoding"] == "2 beams, 20 tokens"
    assert due_now(beams)[0].batch == batch


def test_a_photo_is_decoded_again_where_it_lies_now_and_one_that_is_away_keeps_its_row(
    ingested: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root,) = ingested.library_roots
    (root / "0.png").rename(root / "moved.png")
    (root / "1.png").unlink()
    write_photo(root / "3.png", seed=77)
    ingest_now(ingested)
    (root / "2.png").rename(root / "not seen to move.png")
    (root / "4.png").unlink()  # no look has seen these two
    half = changed(ingested, monkeypatch, photo_raw_policy="half")
    assert due_now(half) == [], "no batch has a RAW photo"
    monkeypatch.setattr("resources.decoding.pool._DECODER_VERSION", "another")
    first, second, _ = [each.batch for each in due_now(half)]
    before = {each["photo_id"]: each for batch in (first, second) for each in rows(half, "decoded_images", batch)}
    assert not refresh_now(half).failed
    after = [*rows(half, "decoded_images", first), *rows(half, "decoded_images", second)]
    assert {row["status"] for row in after} == {"ok"}
    names = [Path(row["path_display"]).name for row in after]
    assert names == ["moved.png", "1.png", "2.png", "3.png", "4.png", "5.png"]
    kept = [Path(row["path_display"]).name for row in after if row == before[row["photo_id"]]]
    assert kept == ["1.png", "2.png", "3.png", "4.png"]
    assert due_now(half) == []
    with open_resource(half, "library").ledger() as ledger:
        assert ledger.failures() == []
