"""Tokens of what is due: a short name for some work, the same whenever the same work is found, so it is asked once.

What belongs here: naming what a query found. What does not: what is due, and who asks for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import Any


def token_of(found: object) -> str:
    """A name for what was found; another one for anything else."""
    return _shortened(sha256(repr(found).encode()))


def tokens_by_batch(rows: Iterable[Any]) -> dict[str, str]:
    """A token for each batch, from rows (batch, what of it is due, in which state) in a fixed order."""
    digests: defaultdict[str, Any] = defaultdict(sha256)
    for batch, what, state in rows:
        digests[batch].update(f"{what} {state}\n".encode())
    return {batch: _shortened(digest) for batch, digest in digests.items()}


def _shortened(digest: Any) -> str:
    return str(digest.hexdigest()[:12])
