"""Real cameras' files through the whole platform; skipped where the folder is absent."""

from pathlib import Path

import pytest

from photo_assets.definitions import open_resource
from photo_assets.ingest import ingest
from photo_assets.settings import Settings
from resources.decoding.formats import is_photo_name
from tests.conftest import REAL_PHOTOS, fingerprints

pytestmark = pytest.mark.skipif(not REAL_PHOTOS.is_dir(), reason="the folder of real photos is absent")

MUST_BE_OK = {"colorchart.dng", "sample_1mp.dng", "iphone.heic", "spatial_photo.heic", "200MP.heic"}


def test_every_real_file_is_a_row_and_no_original_changes(settings: Settings) -> None:
    before = fingerprints(REAL_PHOTOS)
    named_photos = [path for path in before if is_photo_name(Path(path).name.encode())]
    quick = settings.model_copy(update={"photo_batch_size": 256, "photo_workers": 0})

    ingested = ingest(quick, [REAL_PHOTOS.resolve()], lambda total: lambda stage, photos: None)

    counts = ingested.counts
    assert counts["files"] == len(named_photos) == counts["ok"] + counts["failed"] + counts["duplicates"]
    assert counts["photos"] == counts["ok"] and counts["ignored"] == len(before) - len(named_photos)
    assert all(row["error_kind"] and row["error_message"] for row in ingested.failures)
    failed = {Path(row["path"]).name for row in ingested.failures}
    assert {Path(path).name for path in named_photos} >= MUST_BE_OK and not failed & MUST_BE_OK
    with open_resource(quick, "vectors").index() as index:
        assert index.count(index.active_version()) == counts["photos"]
    assert fingerprints(REAL_PHOTOS) == before
