"""Each file is of its format, decodes to the painted picture, and keeps what its camera noted."""

import json
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from photo_assets.demo.files import FORMATS, camera_exif, position_deg, taken_at
from photo_assets.demo.library import library_scenes
from resources.decoding.formats import sniff
from resources.decoding.metadata import photo_metadata

from .conftest import Decoded, Levels

PREVIEW_PX = 512
HOURS = {"day": range(10, 16), "sunset": range(19, 21), "night": range(22, 24), "mist": range(6, 9)}


def test_the_bytes_of_each_file_are_of_its_format(decoded: list[Decoded]):
    formats = [each.photo.format for each in decoded]
    assert formats == list(FORMATS) * 2
    assert [sniff(each.photo.path.read_bytes()) for each in decoded] == formats
    assert [each.result.format for each in decoded] == formats


@pytest.mark.parametrize("index", range(8))
def test_the_pool_makes_a_preview_near_the_painted_picture(
    decoded: list[Decoded], painted: Callable[..., Levels], index: int
):
    each = decoded[index]
    assert each.result.status == "ok", each.result.error_message
    with Image.open(each.preview) as image:
        preview = np.asarray(image).astype(float)
    assert min(preview.shape[:2]) == PREVIEW_PX
    expected = painted(each.scene, each.photo.format, (preview.shape[1], preview.shape[0]))
    if each.photo.format == "dng":
        assert "half_size" in each.result.decoder
        expected = exposed_like(preview, expected)
    assert np.abs(preview - expected).mean() < 5
    assert np.abs((preview - expected).mean(axis=(0, 1))).max() < 3


def exposed_like(preview: Levels, picture: Levels) -> Levels:
    """LibRaw may brighten a RAW photo as a whole, by one factor on its light; every colour must agree on it."""
    light, preview_light = (picture / 255) ** 2.2, (preview / 255) ** 2.2
    well_exposed = (picture > 25) & (preview < 230)
    factor = np.median(preview_light[well_exposed] / light[well_exposed])
    return np.clip(factor * light, 0, 1) ** (1 / 2.2) * 255


@pytest.mark.parametrize("index", range(8))
def test_date_camera_and_position_survive_in_every_format(decoded: list[Decoded], index: int):
    each = decoded[index]
    metadata = photo_metadata(json.loads(each.result.tags_json), name=each.photo.path.name, mtime_ns=0)
    exif = camera_exif(each.scene, each.photo.format)
    assert (metadata.taken_at, metadata.taken_at_source) == (taken_at(each.scene), "exif_original")
    assert (metadata.camera_make, metadata.camera_model) == (exif[271], exif[272])
    assert (metadata.latitude_deg, metadata.longitude_deg) == pytest.approx(position_deg(each.scene), abs=1e-5)
    assert metadata.exposure_s and metadata.f_number and metadata.iso and metadata.focal_length_mm
    assert metadata.orientation == 1


def test_the_hour_fits_the_light_and_the_dates_spread_over_years():
    scenes = library_scenes(400, seed=7)
    moments = [taken_at(scene) for scene in scenes]
    assert all(moment.hour in HOURS[scene.subject.time] for scene, moment in zip(scenes, moments, strict=True))
    assert len({moment.year for moment in moments}) == 10
    assert max(moments) < datetime(2026, 1, 1)


def test_positions_are_those_of_the_kind_of_place():
    cities = [position_deg(scene) for scene in library_scenes(400, seed=7) if scene.subject.place == "city"]
    assert len({(round(latitude), round(longitude)) for latitude, longitude in cities}) == 3
    assert len(set(cities)) == len(cities)
