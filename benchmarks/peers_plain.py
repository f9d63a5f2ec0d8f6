"""A plain transformers script, as a person who knows it well would write it: a peer, and part of the reference.

Photos are opened and prepared by workers of a DataLoader, which hand them over one by one: a worker
makes a whole batch alone, and where all photos are one batch the other workers would have nothing to do. They go
through the models in batches of 32. Vectors alone end in a .npy file; with captions they end in qdrant-client's local
mode, an upsert per batch.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, default_collate
from transformers import AutoTokenizer, BlipForConditionalGeneration, CLIPModel
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from benchmarks.peers_opening import opened
from benchmarks.peers_task import Task
from resources.inference.blip import MAX_NEW_TOKENS
from resources.inference.devices import best_device

BATCH = 32
AHEAD = 32  # photos that a worker prepares while the models are busy
COLLECTION = "photos"

Opening = Callable[[Path], Image.Image]
Answer = tuple[list[str], np.ndarray, list[str]]  # paths, (n, d) vectors of norm 1, captions if any are asked for


class Photos(Dataset[Any]):
    """Each photo's path, and its pixels as each model wants them; None for one that cannot be read."""

    def __init__(self, paths: Sequence[Path], opening: Opening, processors: Sequence[Any]) -> None:
        self._paths, self._opening, self._processors = paths, opening, processors

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: int) -> tuple[Any, ...] | None:
        path = self._paths[number]
        try:
            picture = self._opening(path)
        except Exception as error:
            print(f"{path}: {error}", file=sys.stderr)
            return None
        prepared = [processor(picture, return_tensors="pt")["pixel_values"][0] for processor in self._processors]
        return str(path), *prepared


class Models:
    """CLIP, and BLIP where captions are asked for, in one number format on the CPU."""

    def __init__(self, task: Task) -> None:
        self._dtype = best_device().dtype if task.half else torch.float32
        self._clip = CLIPModel.from_pretrained(task.clip, dtype=self._dtype).eval()
        self.processors: list[Any] = [CLIPImageProcessorPil.from_pretrained(task.clip)]
        self._blip = None
        if task.captions:
            self._blip = BlipForConditionalGeneration.from_pretrained(task.blip, dtype=self._dtype).eval()
            self._tokenizer = AutoTokenizer.from_pretrained(task.blip)
            self.processors.append(BlipImageProcessorPil.from_pretrained(task.blip))

    @torch.inference_mode()
    def answers(self, paths: Sequence[Path], opening: Opening, workers: int) -> Iterator[Answer]:
        """What the models say of each batch."""
        photos = Photos(paths, opening, self.processors)
        loader = DataLoader(photos, batch_size=None, num_workers=workers, prefetch_factor=AHEAD)
        for batch in batched(filter(None, loader)):
            names, *pixels = default_collate(batch)
            inputs = [each.to(self._dtype) for each in pixels]
            yield names, self._vectors(inputs[0]), self._captions(inputs[1]) if self._blip else []

    def _vectors(self, pixels: torch.Tensor) -> np.ndarray:
        features = self._clip.get_image_features(pixel_values=pixels).pooler_output.float()
        return np.asarray(features / features.norm(dim=-1, keepdim=True))

    def _captions(self, pixels: torch.Tensor) -> list[str]:
        assert self._blip is not None
        tokens = self._blip.generate(pixel_values=pixels, max_new_tokens=MAX_NEW_TOKENS, num_beams=1, do_sample=False)
        return [text.strip() for text in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]


def batched(photos: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists of BATCH, the last one shorter."""
    waiting = iter(photos)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def keep(task: Task, answers: Iterable[Answer]) -> list[Answer]:
    """Write the answers where such a script does, and return them."""
    if not task.captions:
        kept = list(answers)
        np.save(task.scratch / "vectors.npy", np.concatenate([vectors for _, vectors, _ in kept]))
        return kept
    return list(_upserted(task.scratch / "qdrant", answers))


def _upserted(folder: Path, answers: Iterable[Answer]) -> Iterator[Answer]:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(folder))
    for paths, vectors, captions in answers:
        if not client.collection_exists(COLLECTION):
            space = models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE)
            client.create_collection(COLLECTION, vectors_config=space)
        points = [
            models.PointStruct(id=str(uuid4()), vector=vector.tolist(), payload={"path": path, "caption": caption})
            for path, vector, caption in zip(paths, vectors, captions, strict=True)
        ]
        client.upsert(COLLECTION, points)
        yield paths, vectors, captions
    client.close()


def run(task: Task, opening: Opening) -> None:
    """Do the task with photos opened in this way."""
    models = Models(task)
    kept = keep(task, models.answers(task.files(), opening, len(os.sched_getaffinity(0))))
    wall_s = task.seconds()
    paths, vectors, captions = ([one for batch in column for one in batch] for column in zip(*kept, strict=True))
    task.answer(wall_s, paths, vectors, captions)


if __name__ == "__main__":
    run(Task.asked(), opened)
