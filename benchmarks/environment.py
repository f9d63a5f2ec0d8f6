"""Where a measurement was made: processor, memory, versions. Only what a figure's reader needs to judge it."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("dagster", "torch", "transformers", "pillow", "pillow-heif", "rawpy", "qdrant-edge-py", "pyarrow")


def environment(*also: str) -> dict[str, object]:
    """Processor, cores, memory in GB, load, Python and package versions, of other packages `also`."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(pages / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in (*PACKAGES, *also)},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
