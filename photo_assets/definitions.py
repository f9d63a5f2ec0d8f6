"""The code location: everything wired together, and the only place where it is.

Reloaded often, so importing it brings in Dagster and the settings and nothing heavier; models, decoders, pandas and the
Qdrant client are imported by the code that runs.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from photo_assets.assets.audit import library_audit
from photo_assets.assets.collection import collection_points, photo_collection
from photo_assets.assets.indexing import collection_index
from photo_assets.assets.inference import caption_embeddings, image_inference
from photo_assets.assets.library import decoded_images, photo_files, photo_metadata
from photo_assets.assets.snapshots import collection_snapshot
from photo_assets.jobs import ASKED_JOBS, audit_library, optimize_collection, scan_library, snapshot_collection
from photo_assets.partitions import backfill_policy
from photo_assets.run_tags import NEEDS_NO_GPU
from photo_assets.settings import Settings, load_settings
from photo_assets.state_folder import make_state_folder
from photo_assets.tables import SCHEMAS
from resources.decoding.resource import DecodingResource
from resources.inference.resource import InferenceResource
from resources.library.resource import LibraryResource
from resources.tables.io_manager import ParquetIOManager
from resources.tables.store import TableStore
from resources.vectors.resource import VectorIndexResource
from sensors.failures import batch_ended_by_hand, batch_failed, failed_again
from sensors.new_photos import new_photos
from sensors.nightly import nightly_collection, nightly_graph, nightly_refresh
from sensors.weekly import weekly_audit, weekly_snapshot

DAY_S = 86_400.0

ASSETS = [
    photo_files,
    decoded_images,
    photo_metadata,
    image_inference,
    caption_embeddings,
    collection_points,
    photo_collection,
    collection_index,
    collection_snapshot,
    library_audit,
]


def build_defs(settings: Settings | None = None, *, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions for these settings, with any of the resources replaced."""
    settings = settings or load_settings()
    return dg.Definitions(
        assets=[_backfilled(asset, settings) for asset in ASSETS],
        jobs=[*ASKED_JOBS, scan_library, audit_library, optimize_collection, snapshot_collection],
        sensors=[new_photos, collection_follows_batches(), batch_failed, batch_ended_by_hand, failed_again],
        schedules=[nightly_refresh, nightly_collection, nightly_graph, weekly_audit, weekly_snapshot],
        resources=build_resources(settings) | dict(resources or {}),
        # One process per run: models load once, and a step costs 0.15 s instead of 2.7 s.
        executor=dg.in_process_executor,
    )


def _backfilled(asset: dg.AssetsDefinition, settings: Settings) -> dg.AssetsDefinition:
    """An asset of batches takes several of them in one run of a backfill."""
    if asset.partitions_def is None:
        return asset
    return asset.with_attributes(backfill_policy=backfill_policy(settings.photo_backfill_batches))


def build_resources(settings: Settings) -> dict[str, Any]:
    """Every resource of the platform, all state below PHOTO_DATA."""
    data = settings.photo_data
    return {
        "library": LibraryResource(
            ledger_path=str(data / "ledger.sqlite"),
            # By name, as the index's key below: it holds a password.
            ledger_url=dg.EnvVar("PHOTO_LEDGER_URL") if settings.photo_ledger_url.get_secret_value() else "",
            roots=[str(root) for root in settings.library_roots],
            state_directory=str(data),
            batch_size=settings.photo_batch_size,
            nightly_batches=settings.photo_nightly_batches,
            include=settings.library_patterns[0],
            exclude=settings.library_patterns[1],
            audit_bytes=round(settings.photo_audit_gb * 1e9),
            missing_grace_s=settings.photo_missing_grace_days * DAY_S,
        ),
        "decoding": DecodingResource(
            previews_directory=str(data / "previews"),
            workers=settings.photo_workers,
            deadline_s=settings.photo_decode_timeout_s,
            raw_policy=settings.photo_raw_policy,
        ),
        "inference": InferenceResource(
            preset=settings.photo_models,
            state_directory=str(data / "inference"),
            clip_model=settings.photo_clip_model,
            blip_model=settings.photo_blip_model,
            backend=settings.photo_inference_backend,
            number_format=settings.photo_inference_dtype,
            caption_beams=settings.photo_caption_beams,
            graphs_directory=str(settings.graphs_folder(settings.photo_inference_backend)),
            url=settings.inference_url,
            # By name, as the index's key below.
            token=dg.EnvVar("INFERENCE_TOKEN") if settings.inference_token.get_secret_value() else "",
        ),
        "vectors": VectorIndexResource(
            directory=str(data / "collection"),
            url=settings.qdrant_url,
            # By name, so that the key itself never reaches the event log.
            api_key=dg.EnvVar("QDRANT_API_KEY") if settings.qdrant_api_key.get_secret_value() else "",
            grpc_port=settings.qdrant_grpc_port,
            shards=settings.photo_qdrant_shards,
            replicas=settings.photo_qdrant_replicas,
            write_consistency=settings.photo_qdrant_write_consistency,
            quantization=settings.photo_vector_quantization,
            graph_points=settings.photo_graph_points,
            auto_switch=settings.photo_collection_auto_switch,
            version_grace_s=settings.photo_collection_grace_days * DAY_S,
            comparison_queries=settings.photo_comparison_queries,
            snapshots_directory=str(settings.snapshots_folder),
            snapshots_kept=settings.photo_snapshots_kept,
        ),
        "io_manager": ParquetIOManager(TableStore(data / "tables"), SCHEMAS),
    }


def open_resource(settings: Settings, name: str) -> Any:
    """One resource outside a run, for the command line: its configuration processed, its secrets looked up."""
    make_state_folder(settings.photo_data)
    return build_resources(settings)[name].process_config_and_initialize()


def collection_follows_batches() -> dg.AutomationConditionSensorDefinition:
    """Brings photo_collection up to date after batches have been done."""
    return dg.AutomationConditionSensorDefinition(
        "collection_follows_batches",
        target=dg.AssetSelection.assets("photo_collection"),
        default_status=dg.DefaultSensorStatus.RUNNING,
        run_tags=NEEDS_NO_GPU,
    )


defs = build_defs()
