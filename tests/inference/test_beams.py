"""Our beam search writes the captions that transformers' own `generate` writes with as many beams."""

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BlipForConditionalGeneration

from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint
from resources.inference.beam_loop import search_captions
from resources.inference.caption_loop import CaptionTokens, write_captions
from resources.inference.graphs import CaptionImage, CaptionMemory, CaptionStep, Normalise
from tests.inference import conftest
from tests.inference.conftest import LONGEST, blocks, preprocessing_of, trained_blip

SEEDS = (3, 4, 5)


def random_blip(seed: int) -> BlipForConditionalGeneration:
    """Surer of the next word than the loop's, so that beams of other words stay close."""
    return conftest.random_blip(seed, spread=0.2, end_bias=3.0)


def scenes(count: int) -> torch.Tensor:
    """What the trained model was made for, as its input."""
    model = preprocessing_of(trained_blip())
    pictures = [Image.fromarray(paint(scene, 128)) for scene in library_scenes(count, seed=11)]
    return torch.from_numpy(np.stack([model.fit(picture) for picture in pictures]))


def ours(model: BlipForConditionalGeneration, pixels: torch.Tensor, beams: int) -> torch.Tensor:
    text = model.config.text_config
    words = CaptionTokens(text.bos_token_id, text.sep_token_id, text.pad_token_id, LONGEST)
    with torch.inference_mode():
        keys, values = CaptionMemory(model.text_decoder)(CaptionImage(model, preprocessing_of(model))(pixels))
    return search_captions(keys, values, CaptionStep(model.text_decoder), words, beams)


def generated(model: BlipForConditionalGeneration, pixels: torch.Tensor, beams: int) -> torch.Tensor:
    """(N, 20) tokens; `generate` fills up with the end's token where ours have the padding's."""
    with torch.inference_mode():
        inputs = Normalise(preprocessing_of(model), torch.float32)(pixels)
        tokens = model.generate(pixel_values=inputs, max_new_tokens=LONGEST, num_beams=beams, do_sample=False)[:, 1:]
    text = model.config.text_config
    filled = torch.full((len(pixels), LONGEST), text.pad_token_id)
    filled[:, : tokens.shape[1]] = tokens
    ended = (filled == text.sep_token_id).cumsum(1).cumsum(1) > 1
    return filled.masked_fill(ended, text.pad_token_id)


def ended_lengths(tokens: torch.Tensor) -> torch.Tensor:
    return (tokens != 0).sum(1)


@pytest.mark.parametrize("beams", [2, 3, 5])
@pytest.mark.parametrize("count", [1, 4, 7, 40])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_captions_are_those_of_generate_on_random_weights(seed: int, count: int, beams: int) -> None:
    model = random_blip(seed)
    pixels = blocks(model, count)
    assert torch.equal(ours(model, pixels, beams), generated(model, pixels, beams))


@pytest.mark.parametrize("beams", [2, 3, 5, 8])
def test_the_captions_are_those_of_generate_on_scenes(beams: int) -> None:
    pixels = scenes(48)
    assert torch.equal(ours(trained_blip(), pixels, beams), generated(trained_blip(), pixels, beams))


@pytest.mark.parametrize("beams", [2, 3, 5])
def test_a_picture_does_not_depend_on_its_neighbours(beams: int) -> None:
    model = random_blip(SEEDS[0])
    pixels = blocks(model, 14)
    together = ours(model, pixels, beams)
    assert torch.equal(together.flip(0), ours(model, pixels.flip(0), beams))
    for batch in (1, 4, 7):
        assert torch.equal(torch.cat([ours(model, part, beams) for part in pixels.split(batch)]), together)


def test_the_tests_see_captions_that_beams_change_and_that_end_at_any_length() -> None:
    for model in map(random_blip, SEEDS):
        pixels = blocks(model, 40)
        lengths = ended_lengths(ours(model, pixels, 3))
        assert len(lengths.unique()) > 5 and lengths.max() == LONGEST, lengths
        assert not torch.equal(ours(model, pixels, 3), ours(model, pixels, 1))


def test_one_beam_is_greedy() -> None:
    model = random_blip(SEEDS[0])
    pixels = blocks(model, 9)
    with torch.inference_mode():
        keys, values = CaptionMemory(model.text_decoder)(CaptionImage(model, preprocessing_of(model))(pixels))
    greedy = write_captions(keys, values, CaptionStep(model.text_decoder), CaptionTokens(1, 2, 0, LONGEST))
    assert torch.equal(ours(model, pixels, 1), greedy)


def test_what_is_seen_of_a_picture_is_not_copied_for_its_beams() -> None:
    model = random_blip(SEEDS[0])
    step, rows = CaptionStep(model.text_decoder), []

    def noting(tokens: torch.Tensor, *rest: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        rows.append((len(tokens), rest[3].shape[1]))
        return step(tokens, *rest)

    with torch.inference_mode():
        pixels = blocks(model, 4)
        keys, values = CaptionMemory(model.text_decoder)(CaptionImage(model, preprocessing_of(model))(pixels))
    search_captions(keys, values, noting, CaptionTokens(1, 2, 0, LONGEST), beams=3)
    assert rows[0] == (12, 4)
    assert all(beams == 3 * pictures for beams, pictures in rows)
