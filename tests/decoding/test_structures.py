"""The walkers over TIFF and ISO boxes end on every input and are right on good ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from resources.decoding import isobmff, tiff
from resources.decoding.formats import sniff

from .dng_samples import dng
from .samples import encode, quarters

SMALL_DNG = dng(quarters(64, 48), preview_jpeg=encode(quarters(60, 40), "JPEG"))


def box(name: bytes, size_bytes: int, claimed_bytes: int | None = None) -> bytes:
    return (claimed_bytes or size_bytes).to_bytes(4, "big") + name + bytes(size_bytes - 8)


def test_a_whole_dng_is_whole_and_one_byte_less_is_not():
    assert tiff.is_dng(SMALL_DNG)
    assert not tiff.is_cut_off(SMALL_DNG)
    assert tiff.is_cut_off(SMALL_DNG[:-1])


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
