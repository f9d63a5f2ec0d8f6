"""The one place that says which exception of which decoder means which kind of failure.

What belongs here: turning anything a decoder may raise into a DecodingError with a short, clean reason.
What does not: the kinds themselves (errors.py). Broken photos raise OSError, ValueError, EOFError,
SyntaxError, TypeError, RuntimeError, IndexError, struct.error, zlib.error and LibRaw's own errors, so the
rule is: whatever is not known to be something else is a corrupt photo.
"""

from collections.abc import Iterator
from contextlib import contextmanager

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
_PIXEL_ERRORS = frozenset({"DecompressionBombError", "DecompressionBombWarning", "LibRawTooBigError"})
_UNSUPPORTED_ERRORS = frozenset({"LibRawFileUnsupportedError", "LibRawNotImplementedError", "NotSupportedError"})
_TEXT_LIMIT_MARK = "MAX_TEXT_"  # Pillow raises a plain ValueError that names its setting
_UNIDENTIFIED = "UnidentifiedImageError"  # its message is a memory address


@contextmanager
def classified(limits: DecodingLimits) -> Iterator[None]:
    """Let only DecodingErrors out of the block."""
    try:
        yield
    except DecodingError:
        raise
    except Exception as error:
        raise classify(error, limits) from error


def classify(error: Exception, limits: DecodingLimits) -> DecodingError:
    """Return the DecodingError that a decoder's exception stands for."""
    name, reason = type(error).__name__, clean_reason(error)
    if name in _MEMORY_ERRORS:
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
