"""The weekly schedule: a part of the originals is read again, to find what a disk changed by itself."""

import dagster as dg

from photo_assets.jobs import audit_library

weekly_audit = dg.ScheduleDefinition(
    name="weekly_audit",
    job=audit_library,
    cron_schedule="0 4 * * 0",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Reads PHOTO_AUDIT_GB of the originals again, those first that were not read for longest.",
)
