"""Vectors that are nearly the same, found by comparing each with each, but most of them in few dimensions only.

The vectors are turned so that what tells them apart comes first. Two of them can then have no larger cosine than the
product of their first dimensions and the lengths of what is left; only where that reaches the limit are all dimensions
compared. So nothing is missed, and it takes a quarter of the plain product's time. Which photos are told as duplicates
is `duplicates.py`'s.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from resources.vectors.ranking import SCORE_DIGITS

_FIRST = 48  # dimensions of the bound; fewer leave more pairs to compare in full, more cost more each
_BLOCK = 512  # vectors a side: a block of products is 1 MB, which stays in the processor's cache
_FEW = 2_048  # pairs of a block that are compared one by one; of more, all of the block at once
_SLACK = 1e-5  # a float32 bound may lie a little below what it bounds


def near_groups(vectors: NDArray[np.float32], min_cosine: float) -> NDArray[np.intp]:
    """The group of each of the (n, d) unit `vectors`, as (n,) indexes of the groups' first members.

    Two vectors with a cosine of at least `min_cosine`, to 6 decimals, are of one group, and so is everything that such
    pairs connect.
    Beside the vectors it takes 200 bytes for each of them, and some MB.
    """
    group = np.arange(len(vectors))
    bounds = _bounds(vectors)
    for top, left in _corners(len(vectors)):
        products = _block(bounds, top, left)
        if products.max() >= min_cosine - _SLACK:
            ones, others = np.nonzero(products >= min_cosine - _SLACK)
            near = _cosines(vectors, top, left, ones, others).round(SCORE_DIGITS) >= min_cosine
            _join(group, top + ones[near], left + others[near])
    return group


def _bounds(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Short vectors whose products are at least the cosines: the strongest dimensions, and the length of the rest."""
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    first = vectors @ directions[:, -_FIRST:]
    rest = np.sqrt(np.maximum(0, 1 - np.einsum("ij,ij->i", first, first)))
    return np.column_stack([first, rest])


def _corners(count: int) -> Iterator[tuple[int, int]]:
    """Where the blocks of the upper triangle begin; the lower one says the same."""
    return ((top, left) for top in range(0, count, _BLOCK) for left in range(top, count, _BLOCK))


def _block(vectors: NDArray[np.float32], top: int, left: int) -> NDArray[np.float32]:
    """The products of the vectors from `top` with those from `left` on."""
    return vectors[top : top + _BLOCK] @ vectors[left : left + _BLOCK].T


def _cosines(
    vectors: NDArray[np.float32], top: int, left: int, ones: NDArray[np.intp], others: NDArray[np.intp]
) -> NDArray[np.float32]:
    """The cosines of these pairs of a block."""
    if len(ones) > _FEW:
        return _block(vectors, top, left)[ones, others]
    return np.einsum("ij,ij->i", vectors[top + ones], vectors[left + others])


def _join(group: NDArray[np.intp], ones: NDArray[np.intp], others: NDArray[np.intp]) -> None:
    """Make each pair's groups one, in place, under the lesser of their numbers."""
    while (apart := group[ones] != group[others]).any():
        ones, others = ones[apart], others[apart]
        np.minimum.at(group, np.maximum(group[ones], group[others]), np.minimum(group[ones], group[others]))
        while ((followed := group[group]) != group).any():
            group[:] = followed
