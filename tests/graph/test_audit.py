"""The audit through Dagster: a failing check and a line of `photos status`."""

from pathlib import Path

import dagster as dg
from sqlalchemy import update
from typer.testing import CliRunner

from photo_assets.cli import app
from photo_assets.definitions import build_defs, open_resource
from photo_assets.settings import Settings
from photo_assets.steps.files import identify_files
from photo_assets.steps.scanning import Roots, scan_until_settled
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.library.scan import signature
from resources.library.schema import files


def audit(settings: Settings) -> dg.AssetCheckEvaluation:
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_defs(settings).resolve_job_def("audit_library")
        result = job.execute_in_process(instance=instance)
    (check,) = result.get_asset_check_evaluations()
    return check


def take(settings: Settings, ledger: Ledger) -> None:
    """All photos below the roots, as if they had been decoded and described."""
    for batch in scan_until_settled(ledger, Roots(settings.library_roots, settings.photo_data), 100).batches:
        brought = [row["photo_id"] for row in identify_files(ledger, batch) if row["status"] == "ok"]
        ledger.finish_batch(batch, [Outcome(photo_id, "ok") for photo_id in brought])


def test_a_silent_change_fails_the_check_and_status_names_the_file(settings: Settings, library: Path) -> None:
    rotten = library / "photo-1.png"
    with open_resource(settings, "library").ledger() as ledger:
        take(settings, ledger)
        assert audit(settings).passed
        rotten.write_bytes(rotten.read_bytes() + b"\0")
        with ledger._database.begin() as connection:
            unchanged = {"signature": signature(rotten.stat())}
            connection.execute(update(files).where(files.c.path == bytes(rotten)).values(unchanged))

    check = audit(settings)

    assert not check.passed
    assert check.metadata["wrong_ids"].value == [str(rotten)]
    told = CliRunner().invoke(app, ["status"])
    assert f"audit: {rotten}: its bytes are not what they were" in told.stderr
