"""From encoded pictures to what the models take, on threads, a window ahead of the device.

What belongs here: decoding a JPEG or PNG, fitting it to each model's input, finding exact copies. What does not: the
models, and originals: a RAW never comes here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import islice

import numpy as np
from PIL import Image

from resources.errors import first_line
from resources.inference.port import ItemError
from resources.inference.preprocessing import Preprocessing

# Previews have at most 4,096 x 512 pixels. Whoever sends others to a service may send more, up to a phone's photo.
MAX_PIXELS = 50_000_000

_FORMATS = ("JPEG", "PNG")


@dataclass(frozen=True)
class Window:
    """Some pictures in a row: the key of each one's bytes, and the inputs of those that are to be computed.

    `fitted` holds, or will hold, each key's (3, H, W) uint8 inputs by the model's name.
    """

    keys: Sequence[bytes | ItemError]
    fitted: dict[bytes, Future[dict[str, np.ndarray] | ItemError]]

    @cached_property
    def contents(self) -> list[bytes]:
        """Each key once, in order."""
        return list(dict.fromkeys(key for key in self.keys if isinstance(key, bytes)))

    @cached_property
    def _ready(self) -> dict[bytes, dict[str, np.ndarray] | ItemError]:
        return {key: future.result() for key, future in self.fitted.items()}

    def inputs(self, model: str) -> dict[bytes, np.ndarray | ItemError]:
        """The inputs of one model by key; the first call waits for them."""
        return {key: each if isinstance(each, ItemError) else each[model] for key, each in self._ready.items()}


class Preparation:
    """Threads that decode and fit pictures; decoding and resizing let go of the interpreter's lock."""

    def __init__(self, models: Mapping[str, Preprocessing]) -> None:
        self._models = models
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "prepare")

    def __enter__(self) -> Preparation:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def windows(
        self, pictures: Iterable[bytes | ItemError], size: int, is_known: Callable[[bytes], bool]
    ) -> Iterator[Window]:
        """Cut the pictures into windows of `size`; each is being prepared while the one before it is in use."""
        source = iter(pictures)
        following = self._window(list(islice(source, size)), is_known)
        while following.keys:
            current, following = following, self._window(list(islice(source, size)), is_known)
            yield current

    def _window(self, pictures: Sequence[bytes | ItemError], is_known: Callable[[bytes], bool]) -> Window:
        window = Window([each if isinstance(each, ItemError) else content_key(each) for each in pictures], {})
        for key, picture in zip(window.keys, pictures, strict=True):
            if isinstance(picture, ItemError) or isinstance(key, ItemError):
                continue
            if key not in window.fitted and not is_known(key):
                window.fitted[key] = self._threads.submit(self._fit, picture)
        return window

    def _fit(self, picture: bytes) -> dict[str, np.ndarray] | ItemError:
        try:
            image = read_picture(picture)
            return {name: preprocessing.fit(image) for name, preprocessing in self._models.items()}
        except Exception as error:  # whatever a decoder raises costs this picture only
            return ItemError("undecodable", f"the picture cannot be read ({first_line(error)})")


def content_key(picture: bytes) -> bytes:
    """Equal for equal bytes, and for no others that anybody will meet."""
    return hashlib.blake2b(picture, digest_size=16).digest()


def read_picture(picture: bytes) -> Image.Image:
    """The RGB picture of a whole JPEG or PNG; raises what Pillow does, and ValueError for too many pixels."""
    with Image.open(BytesIO(picture), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} x {image.height} pixels where {MAX_PIXELS:,} are allowed")
        return image.convert("RGB")
