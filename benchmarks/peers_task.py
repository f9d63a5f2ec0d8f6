"""What a way is asked, and how it answers: the one module that every environment of a peer loads, so numpy at most.

The clock begins where the benchmark starts the process, and ends where the way calls `seconds`: its imports and the
loading of its models are inside. The answers are kept after that, for the comparison of quality.
"""

import json
import math
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


def even_batch(photos: int, workers: int, most: int) -> int:
    """The size of batches, up to `most`, of which each worker has as many: a loader gives a worker whole batches."""
    batches = workers * math.ceil(photos / (workers * most))
    return math.ceil(photos / batches)


@dataclass(frozen=True)
class Task:
    """The photos, an absent folder for state, models of a family, and what is wanted of them.

    `clip` and `blip` are checkpoints as transformers saves them; `prepared` has them in the forms that peers need.
    `began` is in seconds since the epoch.
    """

    photos: Path
    scratch: Path
    family: str
    models: Path
    clip: Path
    blip: Path
    prepared: Path
    captions: bool
    half: bool
    began: float

    @classmethod
    def asked(cls) -> "Task":
        """The task on this process's command line; its folder for state is made."""
        told = json.loads(sys.argv[1])
        paths = {name: Path(told[name]) for name in ("photos", "scratch", "models", "clip", "blip", "prepared")}
        task = cls(**told | paths)
        task.scratch.mkdir(parents=True)
        return task

    def on_command_line(self) -> str:
        """The opposite of `asked`."""
        return json.dumps(vars(self), default=str)

    def files(self) -> list[Path]:
        """Every photo, in order."""
        return sorted(path for path in self.photos.rglob("*") if path.is_file() and not path.name.startswith("."))

    def seconds(self) -> float:
        """Seconds since the clock began."""
        return round(time.time() - self.began, 3)

    def answer(
        self, wall_s: float, paths: Iterable[str | Path], vectors: Sequence[Any], captions: Sequence[str] = ()
    ) -> None:
        """Keep what was found of the photos at these paths, and print the sample."""
        names = [Path(path).relative_to(self.photos).as_posix() for path in paths]
        kept = self.scratch / "answers.npz"
        np.savez(
            kept,
            names=np.array(names, str),
            vectors=np.asarray(vectors, np.float32),
            captions=np.array(captions or [""] * len(names), str),
        )
        print()  # ends whatever a peer has left standing on its line
        print(json.dumps({"wall_s": wall_s, "read": len(names), "answers": str(kept)}))
