"""Groups of near vectors are those of comparing each with each in full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from photo_assets.search import likeness
from photo_assets.search.likeness import near_groups

Vectors = NDArray[np.float32]


def in_full(vectors: Vectors, min_cosine: float) -> list[int]:
    """The groups as one would find them with all the time in the world."""
    near = (vectors.astype(float) @ vectors.T.astype(float)).round(6) >= min_cosine
    group = np.arange(len(vectors))
    for _ in vectors:
        group = np.where(near, group, len(vectors)).min(axis=1)
    return group.tolist()


def drawn(seed: int, count: int, dimensions: int) -> Vectors:
    """Unit vectors of which some lie beside an earlier one, by all sorts of distances."""
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((count, dimensions))
    for number in range(1, count):
        if generator.random() < 0.6:
            away = generator.standard_normal(dimensions) * generator.choice([0, 0.01, 0.3]) * generator.random()
            vectors[number] = vectors[generator.integers(number)] + away
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("few", [0, 10_000], ids=["whole blocks", "pair by pair"])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40), dimensions=st.sampled_from([1, 8, 80]))
def test_groups_are_those_of_comparing_each_with_each(few: int, seed: int, count: int, dimensions: int) -> None:
    vectors = drawn(seed, count, dimensions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(likeness, "_FIRST", 4)
        patch.setattr(likeness, "_BLOCK", 7)
        patch.setattr(likeness, "_FEW", few)
        for min_cosine in (0.9, 0.97, 0.999):
            assert near_groups(vectors, min_cosine).tolist() == in_full(vectors, min_cosine)


def test_a_chain_is_one_group_however_its_members_are_strewn() -> None:
    angles = np.random.default_rng(0).permutation(2_000) * 0.003
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    assert set(near_groups(vectors, 0.99999).tolist()) == {0}
    assert len(set(near_groups(vectors, 0.999999).tolist())) == 2_000


def test_equal_vectors_are_near_whatever_the_limit() -> None:
    assert near_groups(np.repeat(drawn(1, 2, 80), 3, axis=0), 1.0).tolist() == [0, 0, 0, 3, 3, 3]
