"""Real cameras' files, where they lie beside the project; none is copied into it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resources.decoding.pool import DecodingPool

from .samples import request_for

PHOTOS = Path(__file__).parents[3] / "shared" / "photos"
HEIC = "pillow_heif/tests/images"

pytestmark = pytest.mark.skipif(not PHOTOS.is_dir(), reason="the folder of real photos is not beside the project")


def decode_all(store, names: list[str]):
    with DecodingPool(store, workers=2) as pool:
        return pool.decode([request_for(PHOTOS / name) for name in names])


def preview(store, result) -> np.ndarray:
    with Image.open(store.preview_path(result.photo_id)) as image:
        return np.asarray(image).astype(int)


@pytest.mark.parametrize("kind", ["Landscape", "Portrait"])
def test_the_same_picture_in_nine_orientations_looks_the_same(store, kind):
    results = decode_all(store, [f"exif-orientation-examples/{kind}_{number}.jpg" for number in range(9)])
    assert {result.status for result in results} == {"ok"}
    first, *others = [preview(store, result) for result in results]
    assert all(other.shape == first.shape for other in others)
    # The number in the middle and the photographer's scaling differ; a wrong turn differs by 40 and more.
    assert all(np.abs(other - first).mean() < 12 for other in others)


def test_phones_and_cameras_are_decoded_upright(store):
    expected = {
        "bep-imagemeta/testdata/images/iphone.heic": ("heic", 5712, 4284),
        f"{HEIC}/heif_other/arrow.heic": ("heic", 3024, 4032),
        "immich-test-assets/formats/motionphoto/samsung-one-ui-6.heic": ("heic", 3000, 4000),
        "tinydng/colorchart.dng": ("dng", 1734, 1156),
        "rust-skia/skia-safe/tests/images/sample_1mp.dng": ("dng", 600, 338),
    }
    results = decode_all(store, list(expected))
    found = [(result.format, result.width_px, result.height_px) for result in results]
    assert found == list(expected.values())
    assert all(preview(store, result).std() > 10 for result in results)


def test_broken_files_are_failed_rows_with_a_fitting_kind(store):
    expected = {
        f"{HEIC}/heif_corrupted/empty.heic": "empty",
        f"{HEIC}/heif_corrupted/corrupted.heic": "corrupt",
        f"{HEIC}/heif_truncated/truncated.heic": "corrupt",
        "bep-imagemeta/testdata/images/sample.dng": "corrupt",
        "bep-imagemeta/testdata/images/largeexif.png": "unsupported",
        "image-rs/tests/regression/jpg/oss-fuzz-36829.jpeg": "corrupt",
    }
    results = decode_all(store, list(expected))
    assert [result.error_kind for result in results] == list(expected.values())
