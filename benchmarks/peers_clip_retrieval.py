"""clip-retrieval's own inference: its loader and preprocessing, its writer of .npy and Parquet files, our weights.

It runs in its own environment. It looks for JPEG and PNG files and for no HEIC or RAW. There is a worker per core, and
batches are as large as those of the other peers where all workers have as many: its 4 and 256 are made for a GPU.
"""

import os
from pathlib import Path

import numpy as np
import torch

# torchvision's compiled operators need CUDA's libraries, and its import fails without their names. None of them is
# called here: pictures are resized in Python. At the top of the module, since a process that it starts imports it too.
_OPERATORS = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _OPERATORS.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from benchmarks.peers_task import Task, even_batch  # noqa: E402

BATCH = 32  # at most
SUFFIXES = (".jpg", ".jpeg", ".png")  # of the files that it looks for


def main() -> None:
    """Do the task."""
    from clip_retrieval import clip_inference

    task = Task.asked()
    output = task.scratch / "output"
    photos, workers = sum(path.suffix in SUFFIXES for path in task.files()), len(os.sched_getaffinity(0))
    clip_inference(
        input_dataset=str(task.photos),
        output_folder=str(output),
        clip_model=f"hf_clip:{task.prepared / 'clip-retrieval'}",
        batch_size=even_batch(photos, workers, BATCH),
        num_prepro_workers=workers,
        enable_text=False,
    )
    task.answer(task.seconds(), *found(output))


def found(output: Path) -> tuple[list[str], np.ndarray]:
    """The paths and the vectors that it wrote."""
    import pandas as pd

    paths = [pd.read_parquet(path)["image_path"] for path in sorted((output / "metadata").iterdir())]
    vectors = [np.load(path) for path in sorted((output / "img_emb").iterdir())]
    return list(pd.concat(paths)), np.concatenate(vectors)


if __name__ == "__main__":
    main()
