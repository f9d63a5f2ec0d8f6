"""Our caption loop writes the tokens that transformers' own `generate` writes, whatever ends when."""

import pytest
import torch
from transformers import BlipForConditionalGeneration

from resources.inference.caption_loop import CaptionTokens, write_captions
from resources.inference.graphs import CaptionImage, CaptionMemory, CaptionStep, Normalise
from tests.inference.conftest import LONGEST, blocks, preprocessing_of, random_blip, trained_blip


@pytest.fixture(scope="module", params=[random_blip, trained_blip])
def model(request: pytest.FixtureRequest) -> BlipForConditionalGeneration:
    return request.param()


def ours(model: BlipForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    text = model.config.text_config
    words = CaptionTokens(text.bos_token_id, text.sep_token_id, text.pad_token_id, LONGEST)
    with torch.inference_mode():
        states = CaptionImage(model, preprocessing_of(model))(pixels)
        keys, values = CaptionMemory(model.text_decoder)(states)
    return write_captions(keys, values, CaptionStep(model.text_decoder), words)


@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_the_tokens_are_those_of_generate(model: BlipForConditionalGeneration, count: int) -> None:
    pixels = blocks(model, count)
    written = ours(model, pixels)
    with torch.inference_mode():
        inputs = Normalise(preprocessing_of(model), torch.float32)(pixels)
        generated = model.generate(pixel_values=inputs, max_new_tokens=LONGEST, num_beams=1, do_sample=False)[:, 1:]
    length = generated.shape[1]
    assert torch.equal(written[:, :length], generated)
    assert (written[:, length:] == model.config.text_config.pad_token_id).all()


@pytest.mark.parametrize("count", [1, 5])
def test_the_image_tower_gives_the_states_of_the_checkpoints_own(
    model: BlipForConditionalGeneration, count: int
) -> None:
    pixels = blocks(model, count)
    with torch.inference_mode():
        ours = CaptionImage(model, preprocessing_of(model))(pixels)
        inputs = Normalise(preprocessing_of(model), torch.float32)(pixels)
        theirs = model.vision_model(pixel_values=inputs).last_hidden_state
    assert theirs.std() > 0.1  # an untrained tower may answer nothing but zeros
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_captions_end_at_different_lengths_so_that_rows_really_leave() -> None:
    written = ours(random_blip(), blocks(random_blip(), 40))
    lengths = (written != 0).sum(1)
    assert lengths.min() < lengths.float().median() < LONGEST, lengths


def test_a_row_does_not_depend_on_its_neighbours(model: BlipForConditionalGeneration) -> None:
    pixels = blocks(model, 12)
    together = ours(model, pixels)
    assert torch.equal(together.flip(0), ours(model, pixels.flip(0)))
    assert all(torch.equal(ours(model, pixels[row : row + 1])[0], together[row]) for row in range(12))
