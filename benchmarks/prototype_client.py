"""The prototype's client: files to its service, request by request, and what comes back to the collection.

A baseline; nothing of the platform may import it. The collection is the embedded engine, since no server is taken for
granted: an upsert over HTTP is slower than these.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import rawpy
from PIL import Image

from benchmarks.decode_ways import demosaic, target_size
from benchmarks.prototype_ways import Way
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Point

VERSION = "prototype"
SUFFIXES = (".jpg", ".png", ".heic", ".dng")
_PREVIEW_PX, _PREVIEW_QUALITY = 512, 90
_PATIENCE_S = 3600.0

Answers = dict[str, tuple[np.ndarray, str]]
Seconds = dict[str, float]
File = tuple[str, bytes]  # name and content


def climb(way: Way, photos: Path, scratch: Path, family: str, models: Path) -> tuple[Seconds, Answers]:
    """Take the photos to points on this rung, with a service started for it: seconds of each part, and the answers."""
    paths = sorted(path for path in photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    seconds: Seconds = {}
    answers: Answers = {}
    with _service(way, family, models, seconds) as ask, EmbeddedIndex(scratch / "collection") as index:
        for names, files in _requests(way, paths, seconds):
            with _timed(seconds, "service"):
                found = ask(files)
            with _timed(seconds, "upsert"):
                _upsert(index, way, names, found)
            answers |= {
                name: (np.asarray(each["vector"]), each["caption"]) for name, each in zip(names, found, strict=True)
            }
    return seconds, answers


def file_for(way: Way, path: Path) -> File:
    """What goes to the service of a photo on this rung."""
    if way.raw_outside and path.suffix.lower() == ".dng":
        return path.with_suffix(".jpg").name, preview(path)
    return path.name, path.read_bytes()


def preview(path: Path) -> bytes:
    """A RAW file's own preview where it is large enough, else a rendering of half its size, as a small JPEG."""
    image = _embedded(path)
    if image is None or min(image.size) < _PREVIEW_PX:
        image = demosaic(path, half_size=True)
    buffer = BytesIO()
    image.convert("RGB").resize(target_size(*image.size)).save(buffer, "JPEG", quality=_PREVIEW_QUALITY)
    return buffer.getvalue()


def _embedded(path: Path) -> Image.Image | None:
    with rawpy.imread(str(path)) as raw:
        try:
            found = raw.extract_thumb()
        except rawpy.LibRawError:
            return None
    return Image.open(BytesIO(found.data)) if found.format == rawpy.ThumbFormat.JPEG else None


def _requests(way: Way, paths: Sequence[Path], seconds: Seconds) -> Iterator[tuple[list[str], list[File]]]:
    """Photos and what goes to the service of them, request by request; `seconds` has how long it waits for that."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        files = iter((pool.map if way.parallel else map)(lambda path: file_for(way, path), paths))
        for start in range(0, len(paths), way.request):
            chunk = paths[start : start + way.request]
            with _timed(seconds, "read and decode"):
                ready = [next(files) for _ in chunk]
            yield [str(path) for path in chunk], ready


def _upsert(index: EmbeddedIndex, way: Way, names: Sequence[str], found: Sequence[dict[str, Any]]) -> None:
    points = [
        Point(str(uuid4()), np.asarray(each["vector"], np.float32), {"paths": [name], "caption": each["caption"]})
        for name, each in zip(names, found, strict=True)
    ]
    index.create_version(VERSION, len(points[0].vector))
    for chunk in [points] if way.bulk else [[point] for point in points]:
        index.upsert(VERSION, chunk)


@contextmanager
def _service(way: Way, family: str, models: Path, seconds: Seconds) -> Iterator[Callable[[Sequence[File]], Any]]:
    """A service of its own for this run, and how to ask it."""
    port = _free_port()
    asked = {"title": way.title, "family": family, "models": models, "port": port}
    options = [part for name, value in asked.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.prototype_service", *options])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S, trust_env=False) as client:
            with _timed(seconds, "loading"):
                _wait_for(client, process)
            yield lambda files: _ask(client, files)
    finally:
        process.kill()
        process.wait()


def _ask(client: httpx.Client, files: Sequence[File]) -> Any:
    return client.post("/embed_and_caption", files=[("files", file) for file in files]).raise_for_status().json()


def _wait_for(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            client.get("/health")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the prototype's service did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _timed(seconds: Seconds, what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[what] = seconds.get(what, 0.0) + time.perf_counter() - started
