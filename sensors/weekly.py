"""The weekly schedules: a part of the originals is read again, and the collection is saved."""

import dagster as dg

from photo_assets.jobs import audit_library, snapshot_collection

weekly_audit = dg.ScheduleDefinition(
    name="weekly_audit",
    job=audit_library,
    cron_schedule="0 4 * * 0",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Reads PHOTO_AUDIT_GB of the originals again, those first that were not read for longest.",
)

weekly_snapshot = dg.ScheduleDefinition(
    name="weekly_snapshot",
    job=snapshot_collection,
    cron_schedule="0 5 * * 0",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Saves the collection that is searched, proves it, and keeps the latest PHOTO_SNAPSHOTS_KEPT.",
)
