"""Perceptual hashes that differ in few bits, found without comparing each with each.

Two hashes of 64 bits that differ in at most d bits differ in at most d // 4 bits in one of their four quarters. So each
hash is looked up by its quarters and by what differs from them in that many bits; only what is found is compared.
What a hash is made of is `resources/decoding/looks.py`'s; which photos are duplicates is `duplicates.py`'s.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

MAX_BITS = 11
"""The most bits that `near_pairs` takes: with 12, each lookup would be of 697 neighbours instead of 137."""

_QUARTER_BITS = 16
_MIN_SET_BITS = 16


def near_pairs(hashes: Iterable[int], max_bits: int) -> Iterator[tuple[int, int]]:
    """Each pair of different 64-bit hashes that differ in at most `max_bits` bits, 0 to MAX_BITS, once."""
    if not 0 <= max_bits <= MAX_BITS:
        raise ValueError(f"max_bits is 0 to {MAX_BITS}, not {max_bits}")
    masks = _masks(max_bits // 4)
    seen: dict[tuple[int, int], list[int]] = defaultdict(list)
    for value in sorted(set(hashes)):
        quarters = [(number, value >> number * _QUARTER_BITS & 0xFFFF) for number in range(4)]
        near = {other for number, bits in quarters for mask in masks for other in seen.get((number, bits ^ mask), ())}
        yield from ((other, value) for other in sorted(near) if (other ^ value).bit_count() <= max_bits)
        for quarter in quarters:
            seen[quarter].append(value)


def tells_something(value: int) -> bool:
    """Whether a hash tells one picture from others: of a plain wall's one bit is set, else about half of them."""
    return value.bit_count() >= _MIN_SET_BITS


def _masks(flips: int) -> list[int]:
    """Every number of 16 bits of which at most `flips` are set."""
    bits = [1 << place for place in range(_QUARTER_BITS)]
    return [sum(chosen) for count in range(flips + 1) for chosen in combinations(bits, count)]
