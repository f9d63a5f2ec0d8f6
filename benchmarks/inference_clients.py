"""What a client of the load test does: asks for sound and broken pictures, compares, sometimes goes away.

How many there are and what is kept of it is inference_load.py's.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO

import httpx
import numpy as np
from PIL import Image

from resources.inference.client import RemoteEngine
from resources.inference.port import Inferred, ItemError

BROKEN_SHARE = 0.15
ABANDONED_SHARE = 0.05
SAME = 0.9999  # a batch of another size rounds otherwise in the last digits


@dataclass
class Tally:
    """What the clients saw; `seconds` are those of whole requests, refusals and waits included."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: float, **counts: int) -> None:
        """One call of the engine."""
        with self.lock:
            self.counts.update(counts)
            self.seconds.append(seconds)


def ask(url: str, seed: int, until: float, pictures: Sequence[bytes], truth: Sequence[Inferred], tally: Tally) -> None:
    """Ask until the time is over."""
    choice, engine = random.Random(seed), RemoteEngine(url)
    while time.monotonic() < until:
        places = [_broken(choice) or choice.randrange(len(pictures)) for _ in range(choice.randint(1, 24))]
        sent = [place if isinstance(place, bytes) else _varied(pictures[place], choice) for place in places]
        if choice.random() < ABANDONED_SHARE:
            _abandon(url, sent)
        before, started = engine.counts()["tries_again"], time.perf_counter()
        answers = list(engine.infer(sent))
        tally.add(
            time.perf_counter() - started,
            requests=1,
            answers=len(answers),
            failures=sum(isinstance(answer.caption, ItemError) for answer in answers),
            wrong=sum(not _fits(place, answer, truth) for place, answer in zip(places, answers, strict=False)),
            lost=abs(len(sent) - len(answers)),
            sent_away=int(engine.counts()["tries_again"] - before),
        )


def encoded(picture: np.ndarray) -> bytes:
    """An (H, W, 3) uint8 RGB picture as a JPEG, such as a preview is."""
    written = BytesIO()
    Image.fromarray(picture).save(written, "JPEG", quality=90)
    return written.getvalue()


def _fits(place: int | bytes, answer: Inferred, truth: Sequence[Inferred]) -> bool:
    """Whether this is the picture's own answer, or a failure where the picture is broken."""
    if isinstance(place, bytes):
        return isinstance(answer.vector, ItemError) and isinstance(answer.caption, ItemError)
    right = truth[place]
    if not isinstance(answer.vector, np.ndarray) or not isinstance(right.vector, np.ndarray):
        return False
    return answer.caption == right.caption and float(answer.vector @ right.vector) >= SAME


def _broken(choice: random.Random) -> bytes | None:
    """A hostile file now and then: no picture, a RAW's head, a JPEG's head, a picture cut off, a bomb."""
    if choice.random() >= BROKEN_SHARE:
        return None
    return choice.choice([b"no picture", b"II*\0" + bytes(500), b"\xff\xd8\xff" + choice.randbytes(300), _CUT, _BOMB])


def _varied(picture: bytes, choice: random.Random) -> bytes:
    """The same pixels in other bytes, so that the service computes and does not remember."""
    return picture + choice.randbytes(8)


def _abandon(url: str, sent: Sequence[bytes]) -> None:
    """Ask, and go away before the answer."""
    files = [("files", ("abandoned", each)) for each in sent]
    try:
        httpx.post(f"{url}/batch_embed_and_caption", files=files, timeout=httpx.Timeout(5, read=0.01))
    except httpx.TransportError:
        return


def _bomb() -> bytes:
    written = BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    return written.getvalue()


_BOMB = _bomb()
_CUT = encoded(np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8))[:3000]
