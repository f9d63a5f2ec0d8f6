"""A store, a way to decode bytes in this very process, and Pillow's settings put back afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from resources.decoding.limits import DecodingLimits
from resources.decoding.pillow_decoder import set_up_pillow
from resources.decoding.previews import PreviewStore
from resources.decoding.requests import DecodeResult
from resources.decoding.worker import decode_photo

from .samples import request_for

DecodeBytes = Callable[..., DecodeResult]


@pytest.fixture
def store(tmp_path: Path) -> PreviewStore:
    return PreviewStore(tmp_path / "store")


@pytest.fixture
def decode_bytes(tmp_path: Path, store: PreviewStore) -> Iterator[DecodeBytes]:
    """Write bytes to a file and decode it as a worker would, without the process around it."""
    settings = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY

    def decode(content: bytes, name: str = "photo.jpg", limits: DecodingLimits | None = None) -> DecodeResult:
        limits = limits or DecodingLimits()
        set_up_pillow(limits)
        path = tmp_path / name
        path.write_bytes(content)
        return decode_photo(request_for(path), store, limits)

    yield decode
    Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = settings


@pytest.fixture
def show(store: PreviewStore) -> Callable[[DecodeResult], Image.Image]:
    """Return the stored preview of an ok result as an RGB picture."""

    def open_preview(result: DecodeResult) -> Image.Image:
        assert result.status == "ok", result.error_message
        with Image.open(store.preview_path(result.photo_id)) as preview:
            preview.load()
            return preview

    return open_preview
