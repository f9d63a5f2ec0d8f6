"""A measured step in a process of its own: its sample is the last line that it prints, as JSON.

So no step finds warm what another has left.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.memory import PeakMemory
from benchmarks.processes import running


def samples_of(
    module: str, steps: Iterable[str], *arguments: object, about: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """A sample of each step in their order, told as it comes: `about`, `what` step it is, and what it printed."""
    for step in steps:
        sample = about | {"what": step} | sample_of(module, step, *arguments)
        print(sample, flush=True)
        yield sample


def sample_of(
    module: str,
    *arguments: object,
    environment: Mapping[str, str] | None = None,
    with_peak: bool = False,
    python: Path | None = None,
) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS` and return its sample; raises SystemExit where it fails.

    `python` is another environment's interpreter. `with_peak` adds `peak_mb`, of the process and its children together;
    looking at them takes some of a core.
    """
    command = [str(python or sys.executable), "-m", module, *map(str, arguments)]
    with (
        running(command, stdout=subprocess.PIPE, text=True, env=environment) as process,
        PeakMemory(process.pid) if with_peak else nullcontext() as memory,
    ):
        printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {process.returncode}")
    sample: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return sample | {"peak_mb": round(memory.peak_bytes / 1e6)} if memory else sample
