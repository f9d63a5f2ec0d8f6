"""Every failure has its own kind, a cause in plain words and a remedy."""

import struct
import zlib

import pytest

from resources.decoding import errors
from resources.decoding.classification import classified, classify, clean_reason
from resources.decoding.formats import describe_other
from resources.decoding.limits import DecodingLimits

LIMITS = DecodingLimits()
LEAVES = [
    errors.VanishedError(),
    errors.UnreadableError("Permission denied"),
    errors.NotAFileError("folder"),
    errors.ChangedError("a" * 64, "b" * 64),
    errors.EmptyError(),
    errors.CorruptError("cut off"),
    errors.UnsupportedError("a GIF"),
    errors.TooLargeError("pixels", "max_pixels", 10, 5),
    errors.BlackFrameError("rawpy"),
    errors.CrashedError("SIGSEGV"),
    errors.TimedOutError(60.0),
    errors.OutOfMemoryError(1),
    errors.UnwritableError("No space left on device"),
    errors.PoolLostError(3),
    errors.UnsafeDecoderError("libheif", "1.18.0", "1.23.5", "pillow-heif>=1.8.1"),
]


def test_every_kind_is_drawn_in_the_tree_and_used_once():
    kinds = [error.kind for error in LEAVES]
    assert len(set(kinds)) == len(kinds)
    assert all(f" {kind} " in errors.__doc__ for kind in kinds)


def test_every_message_is_whole_sentences():
    assert all(str(error).endswith(".") and str(error).count(". ") >= 1 for error in LEAVES)


@pytest.mark.parametrize(
    "error",
    [
        OSError,
        ValueError,
        EOFError,
        SyntaxError,
        TypeError,
        RuntimeError,
        IndexError,
        struct.error,
        zlib.error,
        KeyError,
    ],
)
def test_whatever_a_decoder_raises_means_a_corrupt_photo(error):
    assert classify(error(), LIMITS).kind == "corrupt"


def test_errors_with_another_meaning_keep_it():
    assert classify(MemoryError(), LIMITS).kind == "out_of_memory"
    assert classify(RuntimeError("Out of memory"), LIMITS).kind == "out_of_memory"
    assert classify(ValueError("over MAX_TEXT_MEMORY"), LIMITS).kind == "too_large"


def test_a_mistake_in_our_own_code_is_not_blamed_on_the_photo():
    with pytest.raises(TypeError), classified(LIMITS):
        describe_other(None)  # type: ignore[arg-type]
    with pytest.raises(errors.CorruptError), classified(LIMITS):
        zlib.decompress(None)  # type: ignore[arg-type]


def test_messages_from_files_are_cut_and_cleaned():
    reason = clean_reason(ValueError("bad\x1b[31m\n\0tag \u202e" + "x" * 10_000))
    assert reason.isprintable()
    assert len(reason) <= 160
    assert clean_reason(OSError(b"from a C library")) == "from a C library"


def test_a_retryable_where_the_machine_failed_and_not_where_the_photo_is_bad():
    assert {"crashed", "timed_out", "unreadable", "unwritable", "changed", "vanished"} <= errors.RETRYABLE_KINDS
    assert errors.RETRYABLE_KINDS.isdisjoint({"corrupt", "empty", "unsupported", "too_large", "black_frame"})
