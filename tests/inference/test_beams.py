"""Our beam search writes the captions that transformers' own `generate` writes with as many beams."""

from functools import lru_cache

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BlipConfig, BlipForConditionalGeneration

from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint
from resources.inference.beam_loop import search_captions
from resources.inference.caption_loop import CaptionTokens, write_captions
from resources.inference.checkpoints import SMALL_MODELS
from resources.inference.graphs import CaptionImage, CaptionMemory, CaptionStep, Normalise
from resources.inference.preprocessing import Preprocessing

LONGEST = 20
SEEDS = (3, 4, 5)


@lru_cache
def random_blip(seed: int) -> BlipForConditionalGeneration:
    """Random weights so large that tokens depend on the picture and on each other, and captions end anywhere."""
    torch.manual_seed(seed)
    text = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}
    text |= {"vocab_size": 40, "encoder_hidden_size": 48, "max_position_embeddings": 32, "is_decoder": True}
    text |= {"bos_token_id": 1, "sep_token_id": 2, "eos_token_id": 2, "pad_token_id": 0}
    vision = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    config = BlipConfig(text_config=text, vision_config=vision | {"image_size": 32, "patch_size": 8})
    model = BlipForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    with torch.no_grad():
        model.text_decoder.cls.predictions.decoder.bias[2] += 3
    return model


@lru_cache
def trained_blip() -> BlipForConditionalGeneration:
    return BlipForConditionalGeneration.from_pretrained(SMALL_MODELS / "blip", dtype=torch.float32).eval()


def preprocessing_of(model: BlipForConditionalGeneration) -> Preprocessing:
    side = model.config.vision_config.image_size
    return Preprocessing((side, side), None, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def scenes(count: int) -> torch.Tensor:
    """What the trained model was made for, as its input."""
    model = preprocessing_of(trained_blip())
    pictures = [Image.fromarray(paint(scene, 128)) for scene in library_scenes(count, seed=11)]
    return torch.from_numpy(np.stack([model.fit(picture) for picture in pictures]))


def blocks(model: BlipForConditionalGeneration, count: int) -> torch.Tensor:
    side = model.config.vision_config.image_size
    colours = torch.randint(0, 256, (count, 3, 5, 5), generator=torch.Generator().manual_seed(7)).float()
    return torch.nn.functional.interpolate(colours, (side, side), mode="bicubic").clamp(0, 255).byte()


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
