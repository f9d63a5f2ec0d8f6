"""Which rendering of a RAW photo is wanted: the setting PHOTO_RAW_POLICY.

What belongs here: the words. What does not: the renderings and what each policy falls back on (raw_decoder.py).
"""

from enum import StrEnum


class RawPolicy(StrEnum):
    """Where a RAW photo's preview comes from; a rendering that does not serve gives way to the next in the list."""

    AUTO = "auto"  # the first that serves: preview, half, full, and at last a small preview of unreadable RAW data
    PREVIEW = "preview"  # the camera's own JPEG if its short side has 1,024 px, else half, full
    HALF = "half"  # the RAW data at half size, or full where half is smaller than the preview to be made
    FULL = "full"  # the RAW data in full, whatever it costs
