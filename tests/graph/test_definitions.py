"""The asset graph as Dagster sees it, and what importing it costs."""

import json
import subprocess
import sys

import dagster as dg
import pytest

from photo_assets.definitions import build_defs, build_resources, open_resource
from photo_assets.settings import Settings, load_settings
from photo_assets.tables import SCHEMAS

# Every change of the graph shows here: asset -> (upstream assets, group, checks).
GRAPH = {
    "photo_files": ([], "library", ["rows_complete"]),
    "decoded_images": (["photo_files"], "library", ["rows_complete"]),
    "photo_metadata": (["decoded_images"], "library", ["rows_complete"]),
    "image_embeddings": (["decoded_images"], "inference", ["rows_complete", "vectors_are_unit"]),
    "image_captions": (["decoded_images"], "inference", ["captions_not_empty", "rows_complete"]),
    "caption_embeddings": (["image_captions"], "inference", ["rows_complete", "vectors_are_unit"]),
    "collection_points": (
        ["caption_embeddings", "decoded_images", "image_captions", "image_embeddings", "photo_metadata"],
        "collection",
        ["points_match_rows", "rows_complete"],
    ),
    "collection_index": (["photo_collection"], "collection", []),
    "collection_snapshot": (["photo_collection"], "collection", []),
    "library_audit": ([], "library", ["originals_intact"]),
    "photo_collection": (["collection_points"], "collection", ["collection_matches_ledger", "roots_are_whole"]),
}
NON_BLOCKING = {"originals_intact", "captions_not_empty", "roots_are_whole"}
HEAVY = {"torch", "transformers", "rawpy", "qdrant_edge", "qdrant_client", "pandas", "PIL", "pyarrow", "sqlalchemy"}


def test_the_graph_is_the_one_in_the_design(settings: Settings) -> None:
    graph = build_defs(settings).resolve_asset_graph()
    found = {
        node.key.path[-1]: (
            sorted(key.path[-1] for key in node.parent_keys),
            node.group_name,
            sorted(key.name for key in node.check_keys),
        )
        for node in (graph.get(key) for key in graph.get_all_asset_keys())
    }
    assert found == GRAPH


def test_every_check_blocks_but_those_that_must_not(settings: Settings) -> None:
    graph = build_defs(settings).resolve_asset_graph()
    not_blocking = {key.name for key in graph.asset_check_keys if not graph.get_check_spec(key).blocking}
    assert not_blocking == NON_BLOCKING


def test_every_asset_is_described_for_the_interface(settings: Settings) -> None:
    for spec in build_defs(settings).resolve_all_asset_specs():
        assert spec.description and spec.owners and spec.kinds and spec.code_version, spec.key
        if (name := spec.key.path[-1]) in SCHEMAS:
            columns = spec.metadata["dagster/column_schema"].columns
            assert [column.name for column in columns] == [column.name for column in SCHEMAS[name]]


def test_jobs_sensors_and_schedules_can_be_loaded(settings: Settings) -> None:
    definitions = build_defs(settings)
    dg.Definitions.validate_loadable(definitions)
    repository = definitions.get_repository_def()
    sensors = {"new_photos", "collection_follows_batches", "batch_failed", "batch_ended_by_hand", "failed_again"}
    assert {sensor.name for sensor in repository.sensor_defs} == sensors
    assert {schedule.name for schedule in repository.schedule_defs} == {
        "nightly_refresh",
        "nightly_collection",
        "nightly_graph",
        "weekly_audit",
        "weekly_snapshot",
    }
    jobs = {"ingest_batch", "refresh_metadata", "rewrite_points", "retry_captions", "describe_collection"}
    assert jobs | {"scan_library", "optimize_collection", "snapshot_collection"} <= set(repository.job_names)


def test_the_api_key_is_configured_by_name_and_looked_up_when_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "canary-1234")
    keyed = load_settings()
    assert "canary-1234" not in repr(build_resources(keyed)["vectors"])
    assert open_resource(keyed, "vectors").api_key == "canary-1234"


def test_the_ledgers_url_is_configured_by_name_and_looked_up_when_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://photos:canary-1234@db/photos"
    monkeypatch.setenv("PHOTO_LEDGER_URL", url)
    named = load_settings()
    assert "canary-1234" not in repr(build_resources(named)["library"])
    assert open_resource(named, "library").ledger_url == url


def test_importing_the_definitions_imports_nothing_heavy(settings: Settings) -> None:
    program = "import sys, json, photo_assets.definitions; print(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert HEAVY & set(json.loads(printed)) == set()


def test_domain_code_never_imports_dagster() -> None:
    program = """
import sys, json, photo_assets.steps.collection, photo_assets.steps.inference, photo_assets.steps.decoding
import photo_assets.steps.scanning, photo_assets.search.gallery, resources.inference.engine, resources.vectors.open
print(json.dumps(sorted(name for name in sys.modules if name.partition('.')[0] == 'dagster')))
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == []
