"""Damaging a file, the same way for the same seed: blindly, and along the structure of its format.

What belongs here: where a format's parts begin and end, and what can be done to bytes. What does not: the files
(fuzz_seeds.py) and what a decoder makes of them (fuzz.py).
"""

import random
import struct
from collections.abc import Callable, Iterator, Sequence

from resources.decoding.formats import Format

from .fuzz_seeds import with_checksums

Span = tuple[int, int]
_CONTAINERS = frozenset({b"meta", b"iprp", b"ipco", b"iinf", b"dinf", b"iref"})
_MOST_DAMAGES = 4
_LONGEST_RUN_BYTES = 64
_CHECKSUMS_MENDED = 0.8  # a share of 1 would never show what a wrong checksum does


def mutant(photo_format: Format, number: int, seeds: Sequence[bytes]) -> bytes:
    """Return one damaged file; the same one for the same arguments."""
    dice = random.Random(f"{photo_format} {number}")
    data = dice.choice(seeds)
    for _ in range(dice.randint(1, _MOST_DAMAGES)):
        damage = dice.choice(_STRUCTURED if dice.random() < 0.6 else _BLIND)
        spans = list(_SPANS[photo_format](data)) or [(0, len(data))]
        data = damage(dice, data, spans, seeds)
    return with_checksums(data) if photo_format is Format.PNG and dice.random() < _CHECKSUMS_MENDED else data


def _segments(data: bytes) -> Iterator[Span]:
    """Yield the segments of a JPEG up to its first scan, and the rest."""
    at = 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data) and data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield at, min(end, len(data))
        at = end
    if at < len(data):
        yield at, len(data)


def _chunks(data: bytes) -> Iterator[Span]:
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield at, min(end, len(data))
        at = end


def _boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Span]:
    """Yield the boxes of an ISO file, outer ones before those within them."""
    stop = len(data) if stop is None else stop
    while start + 8 <= stop:
        size_bytes, name = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        end = min(start + size_bytes, stop) if size_bytes >= 8 else stop
        yield start, end
        if name in _CONTAINERS:
            header_bytes = {b"meta": 12, b"iinf": 14, b"iref": 12}.get(name, 8)
            yield from _boxes(data, start + header_bytes, end)
        start = end


def _entries(data: bytes) -> Iterator[Span]:
    """Yield the entries of the directories of a little-endian TIFF: the first one and those right behind its data."""
    pending = [int.from_bytes(data[4:8], "little")]
    for offset in pending:
        count = int.from_bytes(data[offset : offset + 2], "little")
        for at in range(offset + 2, min(offset + 2 + 12 * count, len(data) - 12), 12):
            yield at, at + 12
            if data[at : at + 2] == struct.pack("<H", 330) and len(pending) < 8:
                pending.append(int.from_bytes(data[at + 8 : at + 12], "little"))


_SPANS: dict[Format, Callable[[bytes], Iterator[Span]]] = {
    Format.JPEG: _segments,
    Format.PNG: _chunks,
    Format.HEIC: _boxes,
    Format.DNG: _entries,
}


def _flip_bits(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _overwrite_run(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    at, length = dice.randrange(len(data) + 1), dice.randint(1, _LONGEST_RUN_BYTES)
    run = dice.choice((b"\0", b"\xff", dice.randbytes(1))) * length
    return data[:at] + run + data[at + length :]


def _insert(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.randint(1, _LONGEST_RUN_BYTES)) + data[at:]


def _cut_off(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _cut_out(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + data[at + dice.randint(1, 4 * _LONGEST_RUN_BYTES) :]


def _splice(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    other = dice.choice(seeds)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other)) :]


def _set_number(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    """Put a number at the edge of its type into the first bytes of a part, where lengths and counts stand."""
    at = dice.choice(spans)[0] + dice.randrange(0, 24)
    number = _edge_number(dice)
    return data[:at] + number + data[at + len(number) :]


def _edge_number(dice: random.Random) -> bytes:
    bits = dice.choice((8, 16, 32, 64))
    value = dice.choice(
        (0, 1, 2, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2**bits - 1, 2**bits - 2, dice.getrandbits(bits))
    )
    return value.to_bytes(bits // 8, dice.choice(("little", "big")))


def _swap_parts(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    (start, end), (other_start, other_end) = sorted((dice.choice(spans), dice.choice(spans)))
    if end > other_start:
        return data
    return data[:start] + data[other_start:other_end] + data[end:other_start] + data[start:end] + data[other_end:]


def _drop_part(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    start, end = dice.choice(spans)
    return data[:start] + data[end:]


def _repeat_part(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    start, end = dice.choice(spans)
    return data[:end] + data[start:end] * dice.choice((1, 2, 30)) + data[end:]


def _copy_part(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    """Write one part over another, leaving every offset behind it as it was."""
    (start, end), (other_start, other_end) = dice.choice(spans), dice.choice(spans)
    part = data[start:end][: other_end - other_start]
    return data[:other_start] + part + data[other_start + len(part) :]


def _blur_part(dice: random.Random, data: bytes, spans: Sequence[Span], seeds: Sequence[bytes]) -> bytes:
    start, end = dice.choice(spans)
    changed = bytearray(data)
    for at in range(start, min(end, len(data))):
        if dice.random() < 0.05:
            changed[at] = dice.randrange(256)
    return bytes(changed)


_BLIND = (_flip_bits, _overwrite_run, _insert, _cut_off, _cut_out, _splice)
_STRUCTURED = (_set_number, _set_number, _swap_parts, _drop_part, _repeat_part, _copy_part, _blur_part)
