"""The prototype's inference service, rebuilt from its description: `python -m benchmarks.prototype_service`.

Plain transformers behind one route that takes files, RAW too: a RAW file goes to a temporary file, is demosaiced in
full, and is then embedded and captioned. A baseline; nothing of the platform may import it.
"""

import os
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import pillow_heif
import torch
import typer
import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image
from transformers import AutoTokenizer, BlipForConditionalGeneration, CLIPModel
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from benchmarks.decode_ways import demosaic
from benchmarks.inference_models import checkpoints_of
from benchmarks.prototype_ways import rung
from resources.inference.blip import MAX_NEW_TOKENS
from resources.inference.devices import best_device

_RAW = ".dng"


class PlainModels:
    """Both models as their documentation suggests, on the best device, in FP32 or what the device does best."""

    def __init__(self, family: str, folder: Path, half: bool) -> None:
        device = best_device()
        self._name, self._dtype = device.name, device.dtype if half else torch.float32
        clip, blip = (Path(checkpoint.location) for checkpoint in checkpoints_of(family, folder))
        self._clip, self._blip = self._loaded(CLIPModel, clip), self._loaded(BlipForConditionalGeneration, blip)
        self._clip_processor = CLIPImageProcessorPil.from_pretrained(clip)
        self._blip_processor = BlipImageProcessorPil.from_pretrained(blip)
        self._tokenizer = AutoTokenizer.from_pretrained(blip)

    @torch.inference_mode()
    def vectors(self, images: Sequence[Image.Image]) -> list[list[float]]:
        """The (d,) unit vector of each picture."""
        features = self._clip.get_image_features(pixel_values=self._pixels(self._clip_processor, images))
        found = features.pooler_output.float()
        vectors: list[list[float]] = (found / found.norm(dim=-1, keepdim=True)).tolist()
        return vectors

    @torch.inference_mode()
    def captions(self, images: Sequence[Image.Image]) -> list[str]:
        """The greedy caption of each picture."""
        pixels = self._pixels(self._blip_processor, images)
        tokens = self._blip.generate(pixel_values=pixels, max_new_tokens=MAX_NEW_TOKENS, num_beams=1, do_sample=False)
        return [text.strip() for text in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]

    def _loaded(self, kind: Any, folder: Path) -> Any:
        return kind.from_pretrained(folder, dtype=self._dtype).eval().to(self._name)

    def _pixels(self, processor: Any, images: Sequence[Image.Image]) -> torch.Tensor:
        pixels: torch.Tensor = processor(images=list(images), return_tensors="pt")["pixel_values"]
        return pixels.to(self._name, self._dtype)


def build_app(models: PlainModels, at_once: int) -> FastAPI:
    """The service over loaded models; `at_once` pictures go through them together, halved where memory is short."""
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.post("/embed_and_caption")
    def embed_and_caption(files: list[UploadFile]) -> list[dict[str, Any]]:
        images = [picture_of(str(file.filename), file.file.read()) for file in files]
        return [answer for start in range(0, len(images), at_once) for answer in _answers(images[start:][:at_once])]

    def _answers(images: Sequence[Image.Image]) -> list[dict[str, Any]]:
        try:
            pairs = zip(models.vectors(images), models.captions(images), strict=True)
            return [{"vector": vector, "caption": caption} for vector, caption in pairs]
        except torch.OutOfMemoryError:
            middle = len(images) // 2
            if not middle:
                raise
            return _answers(images[:middle]) + _answers(images[middle:])

    return app


def picture_of(name: str, content: bytes) -> Image.Image:
    """A file as an RGB picture of its whole size; RAW through a temporary file."""
    if Path(name).suffix.lower() != _RAW:
        return Image.open(BytesIO(content)).convert("RGB")
    descriptor, path = tempfile.mkstemp(_RAW)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return demosaic(Path(path), half_size=False)
    finally:
        Path(path).unlink()


def main(
    title: Annotated[str, typer.Option(help="A rung of the ladder.")],
    family: Annotated[str, typer.Option(help="Which models.")],
    models: Annotated[Path, typer.Option(help="Where those of full size lie.")],
    port: Annotated[int, typer.Option(help="On loopback.")],
) -> None:
    """Load the models, then serve until killed."""
    pillow_heif.register_heif_opener()
    way = rung(title)
    app = build_app(PlainModels(family, models, way.half), way.at_once)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    typer.run(main)
