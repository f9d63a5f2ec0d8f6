"""What all answers are compared with: plain transformers in FP32 on photos that were decoded in full."""

from pathlib import Path

from PIL import Image

from benchmarks.decode_ways import demosaic
from benchmarks.peers_opening import opened
from benchmarks.peers_plain import run
from benchmarks.peers_task import Task


def decoded(path: Path) -> Image.Image:
    """The photo as an upright RGB picture of its whole size, RAW rendered for sRGB."""
    return demosaic(path, half_size=False) if path.suffix.lower() == ".dng" else opened(path)


if __name__ == "__main__":
    run(Task.asked(), decoded)
