"""rclip's own indexing: its loader and preprocessing, its ONNX Runtime session, its SQLite store, our weights.

It runs in its own environment. The file of the model lies where rclip looks for its own, and its preprocessing is told
the edge, mean and deviation that these weights were made for; RAW is switched on.
"""

import json
import os
import sqlite3
from pathlib import Path

import numpy as np

from benchmarks.peers_task import Task

BATCH = 8  # its default


def main() -> None:
    """Do the task."""
    task = Task.asked()
    os.environ["RCLIP_DATADIR"] = str(task.scratch)
    for part in (task.prepared / "rclip").iterdir():
        (task.scratch / part.name).symlink_to(part)
    from rclip.main import init_rclip

    _prepare_for(json.loads((task.clip / "preprocessor_config.json").read_text()))
    clip, model, database = init_rclip(str(task.photos), BATCH, enable_raw_support=True)
    for each in (clip, model, database):
        each.close()
    task.answer(task.seconds(), *found(task.scratch / "db.sqlite3"))


def found(database: Path) -> tuple[list[str], list[np.ndarray]]:
    """The paths and the vectors that it wrote."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT filepath, vector FROM images").fetchall()
    return [path for path, _ in rows], [np.frombuffer(vector, np.float32) for _, vector in rows]


def _prepare_for(config: dict[str, object]) -> None:
    from rclip.utils import preprocess

    preprocess.IMAGE_SIZE = config["crop_size"]["height"]
    preprocess.MEAN, preprocess.STD = (np.array(config[name], np.float32) for name in ("image_mean", "image_std"))


if __name__ == "__main__":
    main()
