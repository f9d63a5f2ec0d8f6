"""The one place that says which exception of which decoder means which kind of failure.

What belongs here: turning anything a decoder may raise into a DecodingError with a short, clean reason.
What does not: the kinds themselves (errors.py). Broken photos raise OSError, ValueError, EOFError,
SyntaxError, TypeError, RuntimeError, IndexError, struct.error, zlib.error and LibRaw's own errors, so the
rule is: whatever is not known to be something else is a corrupt photo. The exception is a mistake of our own, which
must not be blamed on the photo: it passes as it is, and the pool's row names it.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from resources.decoding.errors import (
    CorruptError,
    DecodingError,
    OutOfMemoryError,
    TooLargeError,
    UnsupportedError,
)
from resources.decoding.limits import DecodingLimits

_REASON_LENGTH = 160

# By name, because the libraries that define them are only there inside a worker.
_MEMORY_ERRORS = frozenset({"MemoryError", "LibRawUnsufficientMemoryError", "LibRawMemPoolOverflowError"})
_MEMORY_MARKS = ("Out of memory", "Memory allocation error: Unspecified")  # libheif's words, in a plain RuntimeError
_PIXEL_ERRORS = frozenset({"DecompressionBombError", "DecompressionBombWarning", "LibRawTooBigError"})
_UNSUPPORTED_ERRORS = frozenset({"LibRawFileUnsupportedError", "LibRawNotImplementedError", "NotSupportedError"})
_TEXT_LIMIT_MARK = "MAX_TEXT_"  # Pillow raises a plain ValueError that names its setting
_UNIDENTIFIED = "UnidentifiedImageError"  # its message is a memory address

# What a programming error raises where it is made. Libraries raise these for broken photos too, but in their own code.
_MISTAKES = (
    LookupError,
    TypeError,
    AttributeError,
    NameError,
    AssertionError,
    ArithmeticError,
    UnicodeError,
    struct.error,
)
_OUR_CODE = str(Path(__file__).parent)


@contextmanager
def classified(limits: DecodingLimits) -> Iterator[None]:
    """Let only DecodingErrors out of the block, and mistakes in this room's own code."""
    try:
        yield
    except DecodingError:
        raise
    except Exception as error:
        if is_our_mistake(error):
            raise
        raise classify(error, limits) from error


def is_our_mistake(error: Exception) -> bool:
    """Say whether an exception was raised by this room's own code, and is one that only a programming error raises."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return isinstance(error, _MISTAKES) and trace is not None and _file_of(trace).startswith(_OUR_CODE)


def _file_of(trace: TracebackType) -> str:
    return trace.tb_frame.f_code.co_filename


def classify(error: Exception, limits: DecodingLimits) -> DecodingError:
    """Return the DecodingError that a decoder's exception stands for."""
    name, reason = type(error).__name__, clean_reason(error)
    if name in _MEMORY_ERRORS or reason.startswith(_MEMORY_MARKS):
        return OutOfMemoryError(limits.memory_bytes)
    if name in _PIXEL_ERRORS:
        return TooLargeError("pixels", "max_pixels", None, limits.max_pixels)
    if _TEXT_LIMIT_MARK in reason:
        return TooLargeError("bytes of text", "max_text_bytes", None, limits.max_text_bytes)
    if name in _UNSUPPORTED_ERRORS:
        return UnsupportedError(reason)
    if name == _UNIDENTIFIED:
        return CorruptError("its header cannot be read")
    return CorruptError(f"{name}: {reason}" if reason else name)


def clean_reason(error: BaseException) -> str:
    """Return an exception's message as one short line of printable ASCII: parts of it may come from the file."""
    first = error.args[0] if error.args else ""
    text = first.decode("ascii", "replace") if isinstance(first, bytes) else str(error)
    return "".join(each if " " <= each <= "~" else " " for each in text)[:_REASON_LENGTH].strip()
