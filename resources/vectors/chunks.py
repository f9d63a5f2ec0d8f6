"""Cutting one call into pieces that an engine takes at once. Sizes are chosen where the pieces are sent."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in order, in slices of `size`, the last one shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
