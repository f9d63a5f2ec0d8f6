"""The DNG is a real Bayer mosaic: LibRaw finds the sensor's facts in it and makes the painted picture of it again."""

import io

import numpy as np
import pytest
import rawpy
from PIL import ExifTags, Image

from photo_assets.demo.dng import BLACK_LEVEL, NEUTRAL, WHITE_LEVEL, dng_bytes, mosaic
from photo_assets.demo.files import camera_exif, photo_bytes
from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import Scene, sample_scene
from photo_assets.demo.vocabulary import TIMES, Subject

SHORT_SIDE_PX = 480


def scene_at(time: str) -> Scene:
    return sample_scene(np.random.default_rng(3), Subject("tent", "blue", "mountains", time))


@pytest.mark.parametrize("time", TIMES)
def test_libraw_demosaics_the_painted_picture_again_without_a_colour_cast(time):
    picture = paint(scene_at(time), SHORT_SIDE_PX)
    with rawpy.imread(io.BytesIO(photo_bytes(scene_at(time), picture, "dng"))) as raw:
        developed = raw.postprocess(
            use_camera_wb=True, half_size=True, no_auto_bright=True, output_bps=8, gamma=(2.4, 12.92)
        )
    height, width, _ = developed.shape
    expected = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)).astype(float)
    assert (width, height) == (picture.shape[1] // 2, picture.shape[0] // 2)
    assert np.abs(developed - expected).mean() < 4
    assert np.abs((developed - expected).mean(axis=(0, 1))).max() < 1.5


def test_libraw_finds_the_pattern_the_levels_and_the_white_balance():
    with rawpy.imread(io.BytesIO(photo_bytes(scene_at("day"), paint(scene_at("day"), 96), "dng"))) as raw:
        colours = [chr(raw.color_desc[index]) for index in raw.raw_pattern.ravel()]
        assert colours == ["R", "G", "G", "B"]
        assert set(raw.black_level_per_channel) == {BLACK_LEVEL}
        assert raw.white_level == WHITE_LEVEL
        red, green, blue, _ = raw.camera_whitebalance
        assert (green / red, green / green, green / blue) == pytest.approx(NEUTRAL, rel=1e-4)
        assert raw.raw_image.shape == (96, 128)


def test_each_place_of_the_mosaic_holds_its_own_colour():
    red = np.zeros((8, 8, 3), dtype=np.uint8)
    red[:, :, 0] = 255
    counts = mosaic(red)
    full_red = BLACK_LEVEL + NEUTRAL[0] * (WHITE_LEVEL - BLACK_LEVEL)
    assert (counts[0::2, 0::2] == full_red).all()
    assert (counts[1::2, :] == BLACK_LEVEL).all()
    assert counts[0, 1] == WHITE_LEVEL  # the hot pixel
    assert (counts[0, 3::2] == BLACK_LEVEL).all()


def test_the_first_directory_carries_the_dng_tags_and_both_directories_of_the_camera():
    exif = camera_exif(scene_at("day"), "dng")
    data = dng_bytes(np.zeros((16, 16, 3), dtype=np.uint8), exif)
    read = Image.Exif()
    read.load(data)
    assert read[ExifTags.Base.PhotometricInterpretation] == 32803
    assert read[ExifTags.Base.DNGVersion] == bytes((1, 4, 0, 0))
    assert read[ExifTags.Base.UniqueCameraModel] == exif[ExifTags.Base.Model]
    assert read[ExifTags.Base.StripOffsets] + read[ExifTags.Base.StripByteCounts] == len(data)
    for pointer in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        assert read.get_ifd(pointer).keys() == exif.get_ifd(pointer).keys()
