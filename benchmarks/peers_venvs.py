"""The environments of the peers, one each since their requirements contradict each other; none of them is ours.

What belongs here: which releases are measured, and installing them. What does not: using them.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.peers_choice import CLIP_RETRIEVAL, RCLIP, SENTENCE_TRANSFORMERS

_CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
_INSTALLED = "installed.json"
# What a reader of the figures asks for.
TOLD = ("torch", "torchvision", "transformers", "onnxruntime", "numpy", "pillow", "rawpy")


@dataclass(frozen=True)
class Wanted:
    """Requirements, the releases that we lock for what they leave open, and what is put in its place afterwards."""

    requirements: tuple[str, ...]
    locked: bool = False
    afterwards: tuple[str, ...] = field(default=())


WANTED = {
    SENTENCE_TRANSFORMERS: Wanted(("sentence-transformers==6.2.0", "torch", "pillow", "pillow-heif", "rawpy"), True),
    # clip-anytorch, which it needs, imports a module that newer releases of setuptools are without.
    CLIP_RETRIEVAL: Wanted(("clip-retrieval==2.45.0", "torch==2.13.0"), afterwards=("setuptools==69.5.1",)),
    RCLIP: Wanted(("rclip==3.3.0",)),
}


def python_of(peer: str, folder: Path) -> Path:
    """The interpreter of a peer's environment below `folder`, installed unless that is done."""
    venv, wanted = folder.absolute() / peer, WANTED[peer]
    python, marker = venv / "bin" / "python", venv / _INSTALLED
    if not marker.is_file() or marker.read_text() != _told(wanted):
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        _install(python, wanted.requirements, ("--constraint", str(_CONSTRAINTS)) if wanted.locked else ())
        if wanted.afterwards:
            _install(python, wanted.afterwards, ("--no-deps",))
        marker.write_text(_told(wanted))
    return python


def versions_in(peer: str, python: Path) -> dict[str, str]:
    """The releases of the peer and of TOLD in its environment."""
    listed = subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", "list", "--format", "json"],
        check=True,
        stdout=subprocess.PIPE,
    )
    found = {each["name"].lower().replace("_", "-"): each["version"] for each in json.loads(listed.stdout)}
    return {name: found[name] for name in (peer, *TOLD) if name in found}


def _install(python: Path, requirements: tuple[str, ...], options: tuple[str, ...]) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, *requirements], check=True)


def _told(wanted: Wanted) -> str:
    return json.dumps(asdict(wanted))
