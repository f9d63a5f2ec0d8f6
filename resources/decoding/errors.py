"""Everything that can be wrong with one photo, as a tree of exceptions.

What belongs here: the kinds of failure, the data each carries, whether a retry helps, and its remedy.
What does not: which library's exception means which kind (classification.py).

    DecodingError
    +-- OriginalError: the file cannot be had
    |   +-- VanishedError        vanished        nothing is at the path any more
    |   +-- UnreadableError      unreadable      permission or input/output error
    |   +-- NotAFileError        not_a_file      symbolic link, folder, FIFO, device
    |   +-- ChangedError         changed         the bytes are no longer those that were identified
    +-- ContentError: the bytes cannot be shown as a photo
    |   +-- EmptyError           empty           zero bytes
    |   +-- CorruptError         corrupt         damaged or cut off
    |   +-- UnsupportedError     unsupported     another format than the name says
    |   +-- TooLargeError        too_large       over a limit of DecodingLimits
    |   +-- BlackFrameError      black_frame     the RAW decoder returned one colour only
    +-- WorkerError: the machine failed, the photo may be good
    |   +-- CrashedError         crashed         the worker process died
    |   +-- TimedOutError        timed_out       the deadline passed
    |   +-- OutOfMemoryError     out_of_memory   the worker's memory limit was reached
    |   +-- QuarantinedError     quarantined     it ended its worker too often to be tried again
    |   +-- UnwritableError      unwritable      the preview could not be stored
    +-- PoolLostError            pool_lost       no worker lives; raised to the caller, never a row
    +-- UnsafeDecoderError       unsafe_decoder  a library with known holes; raised to the caller, never a row
"""

from typing import ClassVar

from resources.errors import PhotoPlatformError


class DecodingError(PhotoPlatformError):
    """One photo could not be decoded. The message ends with the remedy."""

    kind: ClassVar[str] = "decoding"


class OriginalError(DecodingError):
    """The file cannot be had. Another time it may, or another file of the same bytes."""

    retryable = True


class ContentError(DecodingError):
    """The bytes cannot be shown as a photo. The same bytes will fail again."""


class WorkerError(DecodingError):
    """The machine failed while the photo may be good."""


class VanishedError(OriginalError):
    kind = "vanished"

    def __init__(self) -> None:
        super().__init__("The file is gone. The next scan will take it from where it is now, if anywhere.")


class UnreadableError(OriginalError):
    kind = "unreadable"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The file cannot be read: {reason}. Give this user read access or mend the disk.")


class NotAFileError(OriginalError):
    kind = "not_a_file"

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(f"A {found} is at the path, not a regular file. Put the photo itself there.")


class ChangedError(OriginalError):
    kind = "changed"

    def __init__(self, expected_sha256: str, found_sha256: str) -> None:
        self.expected_sha256, self.found_sha256 = expected_sha256, found_sha256
        super().__init__(
            f"The file changed after it was identified (sha256 {found_sha256[:12]} instead of "
            f"{expected_sha256[:12]}). The next scan will take it as it is now."
        )


class EmptyError(ContentError):
    kind = "empty"

    def __init__(self) -> None:
        super().__init__("The file has zero bytes. Copy the photo again from its source.")


class CorruptError(ContentError):
    kind = "corrupt"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The photo is damaged or cut off ({reason}). Copy it again from its source.")


class UnsupportedError(ContentError):
    kind = "unsupported"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Not a photo this platform decodes: {reason}. Convert it to JPEG, PNG, HEIC or DNG.")


class TooLargeError(ContentError):
    kind = "too_large"

    def __init__(self, what: str, setting: str, found: int | None, limit: int) -> None:
        self.found, self.limit, self.setting = found, limit, setting
        amount = "more" if found is None else f"{found:,}"
        super().__init__(
            f"The photo has {amount} {what} where {limit:,} are allowed. If it is honest, raise "
            f"DecodingLimits.{setting}."
        )


class BlackFrameError(ContentError):
    kind = "black_frame"

    def __init__(self, decoder: str) -> None:
        self.decoder = decoder
        super().__init__(
            f"{decoder} returned a picture of one colour. The RAW data is probably cut off: copy it again."
        )


class CrashedError(WorkerError):
    kind = "crashed"
    retryable = True

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The decoding process broke off ({reason}). "
            f"Other photos are not affected; this one is tried once more and then set apart."
        )


class TimedOutError(WorkerError):
    kind = "timed_out"
    retryable = True

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        super().__init__(
            f"Decoding took more than {deadline_s:g} s and was ended. On a slow disk or machine raise "
            f"PHOTO_DECODE_TIMEOUT_S."
        )


class OutOfMemoryError(WorkerError):
    kind = "out_of_memory"
    retryable = True

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        super().__init__(
            f"Decoding needed more than a worker's {memory_bytes:,} bytes. If the machine has more, raise "
            f"DecodingLimits.memory_bytes."
        )


class QuarantinedError(WorkerError):
    kind = "quarantined"

    def __init__(self, last_kind: str) -> None:
        self.last_kind = last_kind
        super().__init__(
            f"Decoding this photo ended its process more than once, lastly as {last_kind}. It is not tried again "
            f"until the file, the decoding libraries or the policy change, or by `photos failures --retry`."
        )


class UnwritableError(WorkerError):
    kind = "unwritable"
    retryable = True

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The preview could not be stored: {reason}. Make room or give write access, then retry.")


class PoolLostError(DecodingError):
    kind = "pool_lost"
    retryable = True

    def __init__(self, losses: int) -> None:
        self.losses = losses
        super().__init__(
            f"All decoding workers were lost {losses} times in a row before one photo was finished. "
            f"Nothing was learned about the photos: "
            f"see the workers' messages above, then check the machine's memory and installation."
        )


class UnsafeDecoderError(DecodingError):
    kind = "unsafe_decoder"

    def __init__(self, library: str, found: str, floor: str, package: str) -> None:
        self.library, self.found, self.floor = library, found, floor
        super().__init__(
            f"{library} {found} has known holes and photos come from outside: {floor} is the oldest that may decode "
            f"them. Run: pip install --upgrade '{package}'."
        )


def leaves_of(error: type[DecodingError]) -> list[type[DecodingError]]:
    """Return the errors of a branch that are raised."""
    return [leaf for each in error.__subclasses__() for leaf in leaves_of(each)] or [error]


KILLING_KINDS: frozenset[str] = frozenset({CrashedError.kind, TimedOutError.kind, OutOfMemoryError.kind})
RETRYABLE_KINDS: frozenset[str] = frozenset(leaf.kind for leaf in leaves_of(DecodingError) if leaf.retryable)
