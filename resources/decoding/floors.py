"""Which versions of the decoding libraries are in use, and the oldest that may meet files from outside.

What belongs here: reading the versions, wheels and the native libraries inside them, and the floors with the reason
for each. What does not: the limits (limits.py). The libraries are imported inside the function, so the code server
does not pay for them; the pool asks once, when it is opened. Their packages' versions are had without importing.

LibRaw has no release without a known hole (CVE-2026-111272 reaches through 0.22.2): decoding is kept in worker
processes for that reason, and the floor only keeps out what has been mended since.
"""

import functools
import importlib.metadata
import re
from dataclasses import dataclass

from resources.decoding.errors import UnsafeDecoderError

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Floor:
    """The oldest version of a library that is admitted, and the package on the index that brings it."""

    library: str
    version: str
    package: str


FLOORS = (
    # CVE-2026-55798 and CVE-2026-59197 to 59200: memory safety and unbounded work, mended in 12.3.0.
    Floor("pillow", "12.3", "pillow>=12.3"),
    # CVE-2023-2804: heap overflow while upsampling 12-bit JPEGs. Later holes are in tools that Pillow does not use.
    Floor("libjpeg-turbo", "2.1.91", "pillow>=12.3"),
    # CVE-2026-28231 (1.3.0), a use after free (1.6.0); 1.8.1 is known to bring the two below.
    Floor("pillow-heif", "1.8.1", "pillow-heif>=1.8.1"),
    # CVE-2026-32738 to 32741 (1.22.0), two critical advisories (1.23.2), one (1.23.3), one high (1.23.5).
    Floor("libheif", "1.23.5", "pillow-heif>=1.8.1"),
    # CVE-2026-33164 and 33165 (1.0.17), CVE-2026-45382 and 45383 (1.0.19), two advisories each in 1.1.1 and 1.1.2.
    Floor("libde265", "1.1.2", "pillow-heif>=1.8.1"),
    # 0.28 is known to bring the LibRaw below.
    Floor("rawpy", "0.28", "rawpy>=0.28"),
    # CVE-2026-20884, 20911, 21413, 24450 and 5342 (0.22.1); bounds of deflated DNGs and of thumbnails (0.22.2).
    Floor("libraw", "0.22.2", "rawpy>=0.28"),
)


def require_safe_decoders() -> None:
    """Raise UnsafeDecoderError for the first library below its floor; one that hides its version is let pass."""
    found = decoder_versions()
    for floor in FLOORS:
        version = found[floor.library]
        if version != _UNKNOWN and _numbers(version) < _numbers(floor.version):
            raise UnsafeDecoderError(floor.library, version, floor.version, floor.package)


@functools.cache
def decoder_versions() -> dict[str, str]:
    """Return the version of every library that meets a photo's bytes, by name; "unknown" where it does not say."""
    import PIL
    import pillow_heif
    import rawpy
    from PIL import features

    heif = pillow_heif.libheif_info()
    return {
        "pillow": PIL.__version__,
        "libjpeg-turbo": features.version_feature("libjpeg_turbo") or _UNKNOWN,
        "pillow-heif": pillow_heif.__version__,
        "libheif": heif["libheif"],
        "libde265": _last_version_in(heif["decoders"].get("libde265", "")),
        "rawpy": rawpy.__version__,
        "libraw": ".".join(map(str, rawpy.libraw_version)),
    }


def package_versions() -> list[str]:
    """Return the decoding packages as they are installed now, like "pillow 12.3.0", without importing any.

    Never remembered: a process that has run for weeks and one that has just begun must say the same.
    """
    packages = ("pillow", "pillow-heif", "rawpy")
    return [f"{package} {importlib.metadata.version(package)}" for package in packages]


def _last_version_in(description: str) -> str:
    """Find the version in a sentence like "libde265 HEVC decoder, version 1.1.3"."""
    found = re.findall(r"\d+(?:\.\d+)+", description)
    return found[-1] if found else _UNKNOWN


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, padded so that 12.3 and 12.3.0 are the same."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))
