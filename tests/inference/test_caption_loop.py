"""Our caption loop writes the tokens that transformers' own `generate` writes, whatever ends when."""

import pytest
import torch
from transformers import BlipConfig, BlipForConditionalGeneration

from resources.inference.caption_loop import CaptionTokens, write_captions
from resources.inference.checkpoints import SMALL_MODELS
from resources.inference.graphs import CaptionImage, CaptionMemory, CaptionStep, Normalise
from resources.inference.preprocessing import Preprocessing

LONGEST = 20


def random_blip() -> BlipForConditionalGeneration:
    """Random weights so large that tokens depend on the picture and on each other, and captions end anywhere."""
    torch.manual_seed(3)
    text = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}
    text |= {"vocab_size": 40, "encoder_hidden_size": 48, "max_position_embeddings": 32, "is_decoder": True}
    text |= {"bos_token_id": 1, "sep_token_id": 2, "eos_token_id": 2, "pad_token_id": 0}
    vision = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    config = BlipConfig(text_config=text, vision_config=vision | {"image_size": 32, "patch_size": 8})
    model = BlipForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.6)
    with torch.no_grad():
        model.text_decoder.cls.predictions.decoder.bias[2] += 8
    return model


def trained_blip() -> BlipForConditionalGeneration:
    return BlipForConditionalGeneration.from_pretrained(SMALL_MODELS / "blip", dtype=torch.float32).eval()


@pytest.fixture(scope="module", params=[random_blip, trained_blip])
def model(request: pytest.FixtureRequest) -> BlipForConditionalGeneration:
    return request.param()


def pixels_for(model: BlipForConditionalGeneration, count: int) -> torch.Tensor:
    side = model.config.vision_config.image_size
    blocks = torch.randint(0, 256, (count, 3, 5, 5), generator=torch.Generator().manual_seed(7)).float()
    return torch.nn.functional.interpolate(blocks, (side, side), mode="bicubic").clamp(0, 255).byte()


def preprocessing_of(model: BlipForConditionalGeneration) -> Preprocessing:
    side = model.config.vision_config.image_size
    return Preprocessing((side, side), None, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def ours(model: BlipForConditionalGeneration, pixels: torch.Tensor) -> torch.Tensor:
    text = model.config.text_config
    words = CaptionTokens(text.bos_token_id, text.sep_token_id, text.pad_token_id, LONGEST)
    with torch.inference_mode():
        states = CaptionImage(model, preprocessing_of(model))(pixels)
        keys, values = CaptionMemory(model.text_decoder)(states)
    return write_captions(keys, values, CaptionStep(model.text_decoder), words)


@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_the_tokens_are_those_of_generate(model: BlipForConditionalGeneration, count: int) -> None:
    pixels = pixels_for(model, count)
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
    pixels = pixels_for(model, count)
    with torch.inference_mode():
        ours = CaptionImage(model, preprocessing_of(model))(pixels)
        inputs = Normalise(preprocessing_of(model), torch.float32)(pixels)
        theirs = model.vision_model(pixel_values=inputs).last_hidden_state
    assert theirs.std() > 0.1  # an untrained tower may answer nothing but zeros
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_captions_end_at_different_lengths_so_that_rows_really_leave() -> None:
    written = ours(random_blip(), pixels_for(random_blip(), 40))
    lengths = (written != 0).sum(1)
    assert lengths.min() < lengths.float().median() < LONGEST, lengths


def test_a_row_does_not_depend_on_its_neighbours(model: BlipForConditionalGeneration) -> None:
    pixels = pixels_for(model, 12)
    together = ours(model, pixels)
    assert torch.equal(together.flip(0), ours(model, pixels.flip(0)))
    assert all(torch.equal(ours(model, pixels[row : row + 1])[0], together[row]) for row in range(12))
