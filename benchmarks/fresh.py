"""A measured step in a process of its own: its sample is the last line that it prints, as JSON.

So no step finds warm what another has left.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.memory import PeakMemory


def sample_of(
    module: str, *arguments: object, environment: Mapping[str, str] | None = None, with_peak: bool = False
) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS` and return its sample; raises SystemExit where it fails.

    `with_peak` adds `peak_mb`, of the process and its children together; looking at them takes some of a core.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    if with_peak:
        with PeakMemory(process.pid) as memory:
            printed, _ = process.communicate()
    else:
        printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {process.returncode}")
    sample: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return sample | {"peak_mb": round(memory.peak_bytes / 1e6)} if with_peak else sample
