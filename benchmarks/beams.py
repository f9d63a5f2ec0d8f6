"""Captions by 1, 3 and 5 beams beside transformers' own `generate` by as many, with the small models on scenes.

`python -m benchmarks.beams`. What is not measured: decoding, preprocessing and loading. Ours and theirs take turns, so
that a machine that others use is busy for both, and the best round of each counts. Beside each speed stands the share
of captions that are the scene's true one, and beside ours the share that are `generate`'s to the letter.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.environment import environment
from benchmarks.inference_once import hardware
from benchmarks.keeping import keep
from benchmarks.timing import seconds_of
from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint
from resources.inference.blip import BLIP_FAMILIES, MAX_NEW_TOKENS, Blip, torch_blip
from resources.inference.checkpoints import checkpoints
from resources.inference.devices import best_device
from resources.inference.graphs import Normalise
from resources.inference.loading import ModelCard, load_weights, read_card

BEAMS = (1, 3, 5)
_SCENES, _BATCH, _ROUNDS, _SEED = 192, 32, 5, 21

Captioner = Callable[[Sequence[np.ndarray]], list[str]]


def main() -> None:
    """Measure, tell and keep."""
    torch.set_num_threads(1)  # a machine's other cores may be busy with something else
    card = read_card(checkpoints("small")[1], BLIP_FAMILIES)
    scenes = library_scenes(_SCENES, _SEED)
    inputs = [card.preprocessing.fit(Image.fromarray(paint(scene, 256))) for scene in scenes]
    samples = [_sample(card, beams, inputs, [scene.caption for scene in scenes]) for beams in BEAMS]
    keep("beams", environment() | hardware(), samples)


def _sample(card: ModelCard, beams: int, inputs: Sequence[np.ndarray], truth: Sequence[str]) -> dict[str, Any]:
    ways = {"ours": ours(card, beams), "generate": plain(card, beams)}
    said = {name: _by_batch(way, inputs) for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            seconds[name].append(round(seconds_of(lambda way=way: _by_batch(way, inputs)), 3))  # type: ignore[misc]
    sample = {"beams": beams, "pictures": len(inputs), "batch": _BATCH, "seconds": seconds}
    sample |= {f"{name}_exact": round(_share_equal(captions, truth), 4) for name, captions in said.items()}
    sample["equal"] = round(_share_equal(said["ours"], said["generate"]), 4)
    rates = ", ".join(f"{name} {len(inputs) / min(taken):.1f}/s" for name, taken in seconds.items())
    print(f"{beams} beams: {rates}; exact {sample['ours_exact']:.2%}; as generate's {sample['equal']:.2%}")
    return sample


def ours(card: ModelCard, beams: int) -> Captioner:
    """The product's model."""
    device = best_device("float32")
    return Blip(card, torch_blip(card, device), device, beams).infer


def plain(card: ModelCard, beams: int) -> Captioner:
    """transformers' `generate` on the same inputs."""
    device = best_device("float32")
    model = load_weights(card, BLIP_FAMILIES, device)
    normalise = Normalise(card.preprocessing, device.dtype).to(device.name)

    @torch.inference_mode()
    def captions(inputs: Sequence[np.ndarray]) -> list[str]:
        pixels = normalise(torch.from_numpy(np.stack(inputs)).to(device.name))
        tokens = model.generate(pixel_values=pixels, max_new_tokens=MAX_NEW_TOKENS, num_beams=beams, do_sample=False)
        return [text.strip() for text in card.tokenizer.batch_decode(tokens, skip_special_tokens=True)]

    return captions


def _by_batch(way: Captioner, inputs: Sequence[np.ndarray]) -> list[str]:
    return [said for start in range(0, len(inputs), _BATCH) for said in way(inputs[start : start + _BATCH])]


def _share_equal(said: Sequence[str], expected: Sequence[str]) -> float:
    return sum(one == other for one, other in zip(said, expected, strict=True)) / len(expected)


if __name__ == "__main__":
    main()
