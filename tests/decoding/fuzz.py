"""The fuzzer: damaged files go through a real pool, and each must come to a picture or to an error that says its kind.

What belongs here: what is right and what is a finding, and the command `make fuzz MINUTES=10`. A finding is a picture
that cannot be, a mistake in our own code, or a kind nobody expects. A library's fault, a deadline that passed and a
full memory are what the pool is for: they are counted and kept, and are no findings. Every kept file is named by its
format and number, from which `mutant` makes it again.
"""

import argparse
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from PIL import Image

from resources.decoding.errors import KILLING_KINDS, ContentError
from resources.decoding.formats import Format
from resources.decoding.limits import DecodingLimits
from resources.decoding.pool import DecodeRequest, DecodeResult, DecodingPool
from resources.decoding.previews import PreviewStore

from .fuzz_mutations import mutant
from .fuzz_seeds import all_seeds
from .samples import request_for

FUZZ_LIMITS = DecodingLimits(
    deadline_s=20.0, max_pixels=20_000_000
)  # twenty million claimed pixels show as much as 200
_CONTENT_KINDS = frozenset(error.kind for error in ContentError.__subclasses__())
_ROUND = 50  # mutants of each format between two looks at the clock
_KEPT_IN = Path("fuzz-findings")


@dataclass
class Report:
    """What became of the mutants so far."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def finding(result: DecodeResult, store: PreviewStore) -> str | None:
    """Say what is wrong with a result, or None."""
    if result.status == "ok":
        return _wrong_with_picture(result, store.read_preview(result.photo_id))
    if result.error_kind == "crashed" and "(SIG" not in (result.error_message or ""):
        return f"a mistake of ours: {result.error_message}"
    if result.error_kind not in _CONTENT_KINDS | KILLING_KINDS:
        return f"{result.error_kind}: {result.error_message}"
    return None


def _wrong_with_picture(result: DecodeResult, preview: bytes) -> str | None:
    with Image.open(io.BytesIO(preview), formats=("JPEG",)) as image:
        image.load()
        if (image.mode, image.size) != ("RGB", (result.preview_width_px, result.preview_height_px)):
            return f"a preview of {image.mode} {image.size}"
    pixels = (result.width_px or 0) * (result.height_px or 0)
    return None if 0 < pixels <= FUZZ_LIMITS.max_pixels else f"a picture of {result.width_px} x {result.height_px}"


def decode_mutants(
    numbers: Sequence[int], seeds: dict[Format, list[bytes]], pool: DecodingPool, store: PreviewStore, folder: Path
) -> Iterator[tuple[Path, Format, DecodeResult]]:
    """Make the mutants of these numbers in every format, decode them, and yield each with its file."""
    mutants = [(photo_format, folder / f"{photo_format}-{number}") for photo_format in seeds for number in numbers]
    for photo_format, path in mutants:
        path.write_bytes(mutant(photo_format, int(path.name.rpartition("-")[2]), seeds[photo_format]))
    requests: list[DecodeRequest] = [request_for(path) for _, path in mutants]
    for (photo_format, path), result in zip(mutants, pool.decode(requests), strict=True):
        yield path, photo_format, result
        path.unlink()
        for stored in (store.preview_path(result.photo_id), store.thumbnail_path(result.photo_id)):
            stored.unlink(missing_ok=True)


def fuzz(minutes: float, first: int) -> tuple[Report, float]:
    """Decode mutants until the time is over; return the report and the seconds it took."""
    report, started_s, seeds = Report(), time.monotonic(), all_seeds()
    with tempfile.TemporaryDirectory() as temporary:
        folder, store = Path(temporary), PreviewStore(Path(temporary) / "store")
        with DecodingPool(store, FUZZ_LIMITS) as pool:
            for start in count(first, _ROUND):
                numbers = range(start, start + _ROUND)
                for path, photo_format, result in decode_mutants(numbers, seeds, pool, store, folder):
                    _note(report, path, photo_format, result, finding(result, store))
                if time.monotonic() - started_s > minutes * 60:
                    return report, time.monotonic() - started_s
    raise AssertionError("count() has no end")


def _note(report: Report, path: Path, photo_format: Format, result: DecodeResult, wrong: str | None) -> None:
    kind = result.error_kind or "ok"
    report.outcomes[photo_format, kind] += 1
    if wrong is None and kind not in KILLING_KINDS:
        return
    line = f"{path.name}: {wrong or result.error_message}"
    (report.kept if wrong is None else report.findings).append(line)
    _KEPT_IN.mkdir(exist_ok=True)
    (_KEPT_IN / path.name).write_bytes(path.read_bytes())
    print(line)


def _print(report: Report, seconds: float) -> None:
    formats, kinds = (sorted({pair[side] for pair in report.outcomes}) for side in (0, 1))
    print(f"{'':16}" + "".join(f"{name:>9}" for name in formats))
    for kind in kinds:
        print(f"{kind:16}" + "".join(f"{report.outcomes[name, kind]:9,}" for name in formats))
    total = report.outcomes.total()
    print(f"{total:,} mutants in {seconds:.0f} s, {total / seconds:.0f} per second; {len(report.findings)} findings.")
    if report.findings or report.kept:
        print(f"In {_KEPT_IN}/, by format and number:", *report.findings, *report.kept, sep="\n  ")


def main() -> None:
    """Fuzz for some minutes; exit status 1 if there are findings."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    arguments = parser.parse_args()
    report, seconds = fuzz(arguments.minutes, arguments.first)
    _print(report, seconds)
    sys.exit(1 if report.findings else 0)


if __name__ == "__main__":
    main()
