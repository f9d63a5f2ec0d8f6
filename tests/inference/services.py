"""Services to test against: an engine whose answers show every wrong pairing, a server in a thread, a scripted one.

Run as a program it serves that engine in a process of its own, which can be killed: `PORT [PICTURES_UNTIL_DEATH]`; it
prints the port when it is ready.
"""

import hashlib
import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn

from resources.inference.port import Inferred, ItemError, Provenance
from resources.inference.service.limits import Limits
from resources.inference.service.messages import INTERFACE
from resources.inference.service.running import InferenceServer

JPEG = b"\xff\xd8\xff"
DIMENSIONS = 16
CLIP, BLIP = Provenance("clip", "1", "as it is", "float32"), Provenance("blip", "1", "as it is", "float32")


def picture(number: int) -> bytes:
    """What the service takes for a JPEG; another number is another picture."""
    return JPEG + f"picture {number}".encode()


def vector_for(content: bytes) -> np.ndarray:
    """The fake engine's vector of these bytes."""
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def caption_for(content: bytes) -> str:
    """The fake engine's caption of these bytes."""
    return hashlib.sha256(content).hexdigest()


def right(content: bytes, answer: Inferred) -> bool:
    """Whether this is the answer of exactly these bytes."""
    return answer.caption == caption_for(content) and np.array_equal(answer.vector, vector_for(content))


@dataclass
class FakeEngine:
    """Answers from the bytes alone; pictures that say so fail. While `free` is not set, no picture is answered."""

    free: threading.Event = field(default_factory=threading.Event)
    batches: list[list[bytes | ItemError]] = field(default_factory=list)
    dies_after: int | None = None
    clip, blip, dimensions, device = CLIP, BLIP, DIMENSIONS, "cpu"

    def __post_init__(self) -> None:
        self.free.set()

    def infer(
        self, pictures: Iterable[bytes | ItemError], *, embed: bool = True, caption: bool = True
    ) -> Iterator[Inferred]:
        batch = list(pictures)
        self.batches.append(batch)
        if self.dies_after is not None and sum(map(len, self.batches)) > self.dies_after:
            os._exit(9)
        assert self.free.wait(30)
        if b"".join(each for each in batch if isinstance(each, bytes)).find(b"breaks the engine") >= 0:
            raise RuntimeError("the engine broke")
        for each in batch:
            error = each if isinstance(each, ItemError) else _failure(each)
            vector = error or vector_for(bytes(each)) if embed else None
            yield Inferred(vector, (error or caption_for(bytes(each))) if caption else None)

    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray | ItemError]:
        return [_failure(text.encode()) or vector_for(text.encode()) for text in texts]

    def measures(self) -> dict[str, int | float]:
        return {"vector_batch": 8, "caption_batch": 4}

    def counts(self) -> dict[str, int]:
        return {"pictures": sum(map(len, self.batches))}

    def ready(self) -> None:
        pass


def _failure(content: bytes) -> ItemError | None:
    return ItemError("undecodable", "as told") if b"fails" in content else None


@contextmanager
def serving(engine: Any, token: str = "", host: str = "127.0.0.1", **limits: Any) -> Iterator[str]:
    """The URL of a ready service over this engine, in a thread of this process."""
    server = InferenceServer(engine, host, 0, token, Limits(**limits))
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(60)
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(60)
    assert not thread.is_alive()


@dataclass
class Answer:
    """What a scripted service says."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Scripted:
    """An ASGI application that answers each path with the next of its planned answers, the last one for ever."""

    def __init__(self) -> None:
        self.plan: dict[str, list[Answer]] = defaultdict(lambda: [Answer(404, {"detail": "no such plan"})])
        self.plan["/health"] = [Answer(body=health())]
        self.seen: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        self.seen.append((scope["path"], {key.decode(): value.decode() for key, value in scope["headers"]}))
        planned = self.plan[scope["path"]]
        answer = planned.pop(0) if len(planned) > 1 else planned[0]
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        headers = [(key.lower().encode(), value.encode()) for key, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def count(self, path: str) -> int:
        return sum(seen == path for seen, _ in self.seen)


def health(**changed: Any) -> dict[str, Any]:
    """What a healthy service says of itself."""
    accepted = {"files": 8, "file_bytes": 2_000_000, "body_bytes": 2_000_000, "texts": 3}
    about = {"status": "ready", "interface": INTERFACE, "models": models(), "accepted": accepted, "waiting": 0}
    return about | changed


def models(**changed: Any) -> dict[str, Any]:
    """The models of the fake engine, as they travel."""
    return {"clip": vars(CLIP), "blip": vars(BLIP), "dimensions": DIMENSIONS, "device": "cpu"} | changed


@contextmanager
def scripted() -> Iterator[tuple[str, Scripted]]:
    """The URL of a scripted service, and its script."""
    script = Scripted()
    server = uvicorn.Server(uvicorn.Config(script, port=0, ws="none", lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", script
    finally:
        server.should_exit = True
        thread.join(60)


if __name__ == "__main__":
    port, *until_death = map(int, sys.argv[1:])
    server = InferenceServer(FakeEngine(dies_after=until_death[0] if until_death else None), "127.0.0.1", port)
    server.run(lambda: print(server.port, flush=True))
