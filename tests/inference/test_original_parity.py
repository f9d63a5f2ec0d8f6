"""From the original's pixels to the vector: by a preview and our preprocessing, and by transformers' own processor."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint
from resources.decoding.formats import Format
from resources.decoding.limits import DecodingLimits
from resources.decoding.renditions import make_renditions
from resources.decoding.steps import decode
from resources.inference.checkpoints import SMALL_MODELS, checkpoints
from resources.inference.engine import InProcessEngine

# As a camera's files lie to their previews: far larger, of its shapes, and JPEG.
SHAPES = [(1600, 1200), (1200, 1600), (2400, 1350), (1100, 1100), (2000, 800), (900, 601)]


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    scenes = library_scenes(len(SHAPES), seed=5)
    painted = [Image.fromarray(paint(scene, 512)) for scene in scenes]
    return [jpeg(picture.resize(shape)) for picture, shape in zip(painted, SHAPES, strict=True)]


def jpeg(picture: Image.Image) -> bytes:
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=92)
    return encoded.getvalue()


def test_a_previews_vector_is_the_one_that_transformers_gives_the_original(originals: list[bytes]) -> None:
    limits = DecodingLimits()
    previews = [make_renditions(decode(each, Format.JPEG, limits), limits).preview for each in originals]
    found = [answer.vector for answer in InProcessEngine(*checkpoints("small")).infer(previews, caption=False)]
    model = CLIPModel.from_pretrained(SMALL_MODELS / "clip", dtype=torch.float32).eval()
    processor = CLIPImageProcessorPil.from_pretrained(SMALL_MODELS / "clip")
    images = [Image.open(BytesIO(each)).convert("RGB") for each in originals]
    with torch.inference_mode():
        expected = model.get_image_features(**processor(images=images, return_tensors="pt")).pooler_output
    cosines = np.stack(found) @ torch.nn.functional.normalize(expected, dim=-1).numpy().T
    assert cosines.diagonal().min() >= 0.999, cosines.diagonal()
    assert (cosines - np.eye(len(found))).max() < 0.99, "the pictures are too alike to tell anything"
