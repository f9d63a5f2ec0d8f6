"""sentence-transformers, as its examples have it: pictures are opened in a list and encoded in batches of 32.

It runs in its own environment and takes no RAW and no HEIC, so photos are opened as in the plain script. One list
after the other, since all pictures of a library at once need more memory than there is.
"""

import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.peers_opening import opened
from benchmarks.peers_task import Task

BATCH = 32


def main() -> None:
    """Do the task."""
    task = Task.asked()
    model = SentenceTransformer(str(task.clip), device="cpu", model_kwargs={"dtype": "float32"})
    paths = task.files()
    vectors = []
    for start in range(0, len(paths), BATCH):
        pictures = [opened(path) for path in paths[start : start + BATCH]]
        vectors.append(model.encode(pictures, batch_size=BATCH, normalize_embeddings=True))
    np.save(task.scratch / "vectors.npy", np.concatenate(vectors))
    task.answer(task.seconds(), paths, np.concatenate(vectors))


if __name__ == "__main__":
    main()
