"""How far a model's answers agree with those of torch in FP32, on sample pictures and texts.

What belongs here: asking in batches of several sizes, the figures, and the least that is accepted. What does not:
where samples come from, and what follows from a figure (exporting.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from resources.inference.blip import Blip
from resources.inference.clip import Clip

PICTURES, TEXTS, CAPTIONS = "picture_cosine", "text_cosine", "captions_equal"

EXACT = {PICTURES: 0.999, TEXTS: 0.999, CAPTIONS: 1.0}
INT8 = {PICTURES: 0.99, TEXTS: 0.99, CAPTIONS: 0.98}

# In turn, so that a graph that only knows the batch it was traced with is found out.
_BATCHES = (1, 3, 8, 2, 16)


@dataclass(frozen=True)
class Samples:
    """RGB pictures of any size, and texts of different lengths."""

    pictures: Sequence[Image.Image]
    texts: Sequence[str]


Answers = Mapping[str, Sequence[Any]]


def clip_answers(clip: Clip, samples: Samples) -> Answers:
    """The vectors of the pictures and of the texts."""
    inputs = [clip.preprocessing.fit(picture) for picture in samples.pictures]
    return {PICTURES: _in_batches(clip.infer, inputs), TEXTS: _in_batches(clip.embed_texts, samples.texts)}


def blip_answers(blip: Blip, samples: Samples) -> Answers:
    """The captions of the pictures."""
    return {CAPTIONS: _in_batches(blip.infer, [blip.preprocessing.fit(picture) for picture in samples.pictures])}


def agreement(reference: Answers, found: Answers) -> dict[str, float]:
    """The lowest cosine of a vector with its reference, and the share of captions that are equal."""
    return {
        name: (_share_equal if name == CAPTIONS else _lowest_cosine)(expected, found[name])
        for name, expected in reference.items()
    }


def shortfall(figures: Mapping[str, float], gate: Mapping[str, float]) -> str:
    """The first figure below its gate, in words; empty if none is."""
    # Written so that a figure which is not a number falls short.
    short = [name for name, figure in figures.items() if not figure >= gate[name]]
    return f"{short[0]} is {figures[short[0]]:.5f} where {gate[short[0]]} is needed" if short else ""


def _in_batches(infer: Callable[[Sequence[Any]], Sequence[Any]], items: Sequence[Any]) -> list[Any]:
    answers: list[Any] = []
    while len(answers) < len(items):
        for size in _BATCHES:
            answers.extend(infer(batch) if (batch := items[len(answers) : len(answers) + size]) else [])
    return answers


def _lowest_cosine(reference: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    return float((np.stack(reference) * np.stack(found)).sum(axis=1).min())


def _share_equal(reference: Sequence[str], found: Sequence[str]) -> float:
    return sum(one == other for one, other in zip(reference, found, strict=True)) / len(reference)
