"""A scene as the file that a camera would have written: what the camera notes about the moment, and the encoding.

Here belong the invented cameras, places and dates, their EXIF, and the four encoders. All of it follows from the scene
alone. Where files lie is said in library, what makes a picture RAW in dng.
"""

import io
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image

from photo_assets.demo.dng import dng_bytes
from photo_assets.demo.scenes import Scene

EXTENSIONS = {"jpeg": "jpg", "png": "png", "heic": "heic", "dng": "dng"}
FORMATS: tuple[str, ...] = tuple(EXTENSIONS)
# A half-size DNG must not be smaller than a preview of 512; 4/3 of each is a whole, even number, as a mosaic needs.
SHORT_SIDES_PX = {"jpeg": 720, "png": 720, "heic": 720, "dng": 1032}

_CAMERAS = {  # make, model, focal length in mm
    "jpeg": ("Tarnova", "Tarnova T40", 35.0),
    "png": ("Scanlea", "Scanlea Film 6", 50.0),
    "heic": ("Ondine", "Ondine Phone 4", 6.5),
    "dng": ("Vesperlux", "Vesperlux V1", 28.0),
}
_EXPOSURES = {  # seconds, f-number, ISO
    "day": (1 / 500, 8.0, 100),
    "sunset": (1 / 125, 5.6, 200),
    "night": (1 / 15, 2.0, 3200),
    "mist": (1 / 250, 4.0, 200),
}
_HOURS = {"day": (10, 15), "sunset": (19, 20), "night": (22, 23), "mist": (6, 8)}  # first and last
_YEARS = (2016, 2025)
_MONTHS, _MONTHS_OF_SNOW = (5, 9), (1, 3)
_POSITIONS_DEG = {  # latitude and longitude, north and east
    "lake": ((46.02, 9.26), (61.70, 28.30), (-41.13, -71.40)),
    "sea": ((43.16, 16.44), (36.39, 25.46), (48.38, -4.49)),
    "beach": ((36.52, -6.28), (54.16, 13.77), (-33.89, 151.28)),
    "mountains": ((46.56, 8.00), (42.63, -0.03), (-43.60, 170.14)),
    "desert": ((31.15, -3.98), (-24.73, 15.34), (36.46, -116.87)),
    "meadow": ((52.36, 4.95), (47.42, 10.98), (51.07, -1.80)),
    "snow": ((60.67, 7.00), (66.54, 25.85), (46.80, 10.30)),
    "city": ((48.21, 16.37), (38.72, -9.14), (35.68, 139.76)),
}
_SPREAD_DEG = 0.02  # about two kilometres
_FAST_HEIC = {"preset": "ultrafast"}  # a sixth of the time of the default, and nearly its quality


def photo_bytes(scene: Scene, picture: NDArray[np.uint8], photo_format: str) -> bytes:
    """The file of a painted scene, an (H, W, 3) uint8 sRGB array; `photo_format` is one of FORMATS."""
    exif = camera_exif(scene, photo_format)
    if photo_format == "dng":
        return dng_bytes(picture, exif)
    file, image = io.BytesIO(), Image.fromarray(picture)
    if photo_format == "jpeg":
        image.save(file, "JPEG", quality=90, exif=exif)
    elif photo_format == "png":
        image.save(file, "PNG", compress_level=1, exif=exif)
    else:
        # As bytes: from an Image.Exif, pillow-heif would write a rotation of its own.
        pillow_heif.from_pillow(image).save(file, quality=80, exif=exif.tobytes(), enc_params=_FAST_HEIC)
    return file.getvalue()


def taken_at(scene: Scene) -> datetime:
    """The local time of the photo: an hour that fits the light, a month that fits the place."""
    draw = _details_of(scene).integers
    months = _MONTHS_OF_SNOW if scene.subject.place == "snow" else _MONTHS
    year, month = (int(draw(first, last, endpoint=True)) for first, last in (_YEARS, months))
    day, hour = int(draw(1, 29)), int(draw(*_HOURS[scene.subject.time], endpoint=True))
    return datetime(year, month, day, hour) + timedelta(seconds=int(draw(3600)))


def position_deg(scene: Scene) -> tuple[float, float]:
    """Latitude and longitude of a place of the scene's kind, north and east positive."""
    draw = _details_of(scene)
    spots = _POSITIONS_DEG[scene.subject.place]
    latitude, longitude = spots[int(draw.integers(len(spots)))]
    return latitude + float(draw.uniform(-1, 1)) * _SPREAD_DEG, longitude + float(draw.uniform(-1, 1)) * _SPREAD_DEG


def camera_exif(scene: Scene, photo_format: str) -> Image.Exif:
    """Camera, time, exposure and position; each format has a camera of its own."""
    make, model, focal_length_mm = _CAMERAS[photo_format]
    exposure_s, f_number, iso = _EXPOSURES[scene.subject.time]
    moment, base = taken_at(scene).strftime("%Y:%m:%d %H:%M:%S"), ExifTags.Base
    exif = Image.Exif()
    exif.update({base.Make: make, base.Model: model, base.DateTime: moment})
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            base.ExposureTime: exposure_s,
            base.FNumber: f_number,
            base.ISOSpeedRatings: iso,
            base.DateTimeOriginal: moment,
            base.FocalLength: focal_length_mm,
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(_gps_tags(*position_deg(scene)))
    return exif


def _gps_tags(latitude: float, longitude: float) -> dict[int, Any]:
    gps = ExifTags.GPS
    return {
        gps.GPSLatitudeRef: "S" if latitude < 0 else "N",
        gps.GPSLatitude: _sexagesimal(latitude),
        gps.GPSLongitudeRef: "W" if longitude < 0 else "E",
        gps.GPSLongitude: _sexagesimal(longitude),
    }


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    """Degrees, minutes, and seconds to a hundredth, which is 30 cm."""
    minutes, hundredths = divmod(round(abs(degrees) * 360_000), 6_000)
    return float(minutes // 60), float(minutes % 60), hundredths / 100


def _details_of(scene: Scene) -> np.random.Generator:
    """Not the stream that paints the background, though from the same seed."""
    return np.random.default_rng([scene.seed, 1])
