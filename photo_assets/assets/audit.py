"""The asset of the audit: originals read again, a part of the library each week."""

import dagster as dg

from photo_assets.assets.outcome import Stopwatch
from photo_assets.checks import check_specs, originals_intact
from photo_assets.specs import described
from resources.library.resource import LibraryResource


@dg.asset(**described("library_audit"), check_specs=check_specs("library_audit"))
def library_audit(context: dg.AssetExecutionContext, library: LibraryResource) -> dg.MaterializeResult:
    """Hash the originals that were not read for longest, and compare them with what they were."""
    from photo_assets.steps.auditing import audit_originals

    watch = Stopwatch()
    with library.ledger() as ledger:
        audit = audit_originals(ledger, library.audit_bytes)
    for finding in audit.findings:
        context.log.warning(f"{finding['path']}: {finding['message']}")
    intact = originals_intact([row["path"] for row in audit.findings])
    return dg.MaterializeResult(
        metadata={**audit.verdicts, "megabytes_read": audit.bytes_read / 1e6, "seconds": watch.seconds()},
        check_results=[intact],
    )
