"""The walkers over TIFF and ISO boxes end on every input and are right on good ones."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from resources.decoding import isobmff, tiff
from resources.decoding.formats import sniff
from resources.decoding.jpeg_scans import has_more_scans_than

from .dng_samples import dng
from .samples import encode, quarters

SMALL_DNG = dng(quarters(64, 48), preview_jpeg=encode(quarters(60, 40), "JPEG"))


def box(name: bytes, size_bytes: int, claimed_bytes: int | None = None) -> bytes:
    return (claimed_bytes or size_bytes).to_bytes(4, "big") + name + bytes(size_bytes - 8)


def test_a_whole_dng_is_whole_and_one_byte_less_is_not():
    assert tiff.is_dng(SMALL_DNG)
    assert not tiff.is_cut_off(SMALL_DNG)
    assert tiff.is_cut_off(SMALL_DNG[:-1])


def test_a_dng_that_ends_before_the_directory_of_its_main_picture_is_cut_off():
    preview_ends_at = SMALL_DNG.index(b"\xff\xd9") + 2
    assert tiff.is_dng(SMALL_DNG[:preview_ends_at])
    assert tiff.is_cut_off(SMALL_DNG[:preview_ends_at])


def test_directories_that_point_at_themselves_are_read_once():
    looped = b"II*\0" + (8).to_bytes(4, "little") + bytes(2) + (8).to_bytes(4, "little")
    assert len(list(tiff.iter_directories(looped))) == 1


def test_a_heic_ends_where_its_needed_boxes_end():
    whole = box(b"ftyp", 24) + box(b"meta", 40) + box(b"mdat", 100)
    assert not isobmff.is_cut_off(whole)
    assert isobmff.is_cut_off(whole[:-1])
    assert not isobmff.is_cut_off(whole + box(b"mpvd", 50)[:-10]), "a cut-off motion video leaves the picture whole"
    assert not isobmff.is_cut_off(whole + b"any bytes behind it")


def test_a_box_may_use_eight_bytes_for_its_size_or_none():
    large = (1).to_bytes(4, "big") + b"mdat" + (116).to_bytes(8, "big") + bytes(100)
    assert not isobmff.is_cut_off(box(b"ftyp", 24) + large)
    assert isobmff.is_cut_off(box(b"ftyp", 24) + large[:-1])
    assert not isobmff.is_cut_off(box(b"ftyp", 24) + bytes(4) + b"mdat" + bytes(10))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(SMALL_DNG)), st.binary(max_size=8))
def test_no_bytes_whatever_raise_or_run_for_ever(scrap, at, replacement):
    damaged = SMALL_DNG[:at] + replacement + SMALL_DNG[at + len(replacement) :]
    for data in (b"II*\0" + scrap, b"MM\0*" + scrap, b"\0\0\0\x18ftyp" + scrap, damaged):
        sniff(data)
        tiff.is_cut_off(data)
        isobmff.is_cut_off(data)


def test_a_picture_painted_at_once_or_in_a_few_scans_has_few_scans():
    picture = quarters(64, 64)
    for jpeg in (encode(picture, "JPEG"), encode(picture, "JPEG", progressive=True)):
        assert not has_more_scans_than(10, jpeg)
        assert not has_more_scans_than(10, jpeg + 100 * b"\xff\xda\0\x08")


def test_scans_are_counted_to_the_limit_and_not_in_other_segments():
    progressive = encode(quarters(64, 64), "JPEG", progressive=True)
    scans = sum(has_more_scans_than(limit, progressive) for limit in range(20))
    assert 5 < scans < 15
    decoys = b"\xff\xe5\0\x0a" + 2 * b"\xff\xda\0\x08"
    assert sum(has_more_scans_than(limit, progressive[:2] + decoys + progressive[2:]) for limit in range(20)) == scans


def test_scans_are_counted_behind_a_first_one_of_some_components_too():
    frame = b"\xff\xc0\0\x11\x08\0\x40\0\x40\x03" + bytes(9)
    one, all_three = (b"\xff\xda" + (6 + 2 * n).to_bytes(2, "big") + bytes([n]) + bytes(3 + 2 * n) for n in (1, 3))
    assert has_more_scans_than(10, b"\xff\xd8" + frame + one + 100 * all_three)
    assert not has_more_scans_than(10, b"\xff\xd8" + frame + all_three + 100 * one)


def test_a_directory_counts_each_tag_once():
    entry = struct.pack("<HHII", tiff.SUB_IFDS, 4, 1, 99)
    other = struct.pack("<HHII", tiff.SUB_IFDS, 4, 1, 77)
    looped = b"II*\0" + struct.pack("<IH", 8, 2) + entry + other + bytes(4)
    assert next(tiff.iter_directories(looped)) == {tiff.SUB_IFDS: (99,)}


def test_of_a_tag_with_more_values_than_any_camera_writes_a_million_are_read():
    values = 1_000_001
    entry = struct.pack("<HHII", tiff.SUB_IFDS, 4, values, 8)
    long = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4 + 4 * values)
    assert len(next(tiff.iter_directories(long))[tiff.SUB_IFDS]) == 1_000_000
