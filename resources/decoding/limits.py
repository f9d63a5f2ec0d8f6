"""The limits of the decoding room, in one frozen object, each with its reason beside it.

What belongs here: numbers that bound what one photo may cost, and the sizes of what is made from it.
What does not: how a limit is enforced. A violation names the field of `DecodingLimits` to raise.
"""

from dataclasses import dataclass

from resources.decoding.raw_policy import RawPolicy

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DecodingLimits:
    """What one photo may cost, and the sizes of its preview and thumbnail."""

    # The largest common originals are uncompressed 100 MP DNGs (200 MB) and linear DNGs (370 MB).
    max_file_bytes: int = 512 * MIB

    # Phones make 200 MP pictures (16,384 x 12,288). A PNG of 20 kB can claim any size it likes, and costs
    # three to five bytes of memory per claimed pixel.
    max_pixels: int = 202_000_000

    # A progressive JPEG costs as much as a whole one for each of its scans. Encoders write about ten.
    max_scans: int = 100

    # A DNG of 6 MB can say that its picture is 800,000 tiles, all of them the same JPEG. A strip per row makes 12,000.
    max_pieces: int = 50_000

    # A 200 kB PNG can unfold into 200 MB of text. Colour profiles of printers reach a few megabytes.
    max_text_bytes: int = 8 * MIB

    # The tags of one photo end up in one table cell. A camera writes 2 to 6 kB of them.
    max_tags_bytes: int = 64 * 1024

    # The slowest honest photo, a 100 MP DNG without a preview on a slow core, takes about 15 s.
    deadline_s: float = 60.0

    # Address space of one worker. 200 MP as RGBA twice over is 1.6 GiB, the file itself at most 0.5 GiB,
    # the libraries another 0.5 GiB.
    memory_bytes: int = 4096 * MIB

    # A worker is replaced after so many photos: fragmented memory must not add up to a false out_of_memory.
    photos_per_worker: int = 2000

    # The models look at 224 to 384 pixels, the gallery shows 512.
    preview_short_side_px: int = 512

    # JPEG ends at 65,500 pixels and a 1-pixel-high picture has no end: beyond 8:1 the short side gives way.
    preview_long_side_px: int = 4096

    # A tile of the gallery at twice the density of an ordinary screen.
    thumbnail_long_side_px: int = 256

    # Models and people look at previews many times, and each takes about 100 kB; 95 takes half as much again.
    preview_jpeg_quality: int = 90

    # Thumbnails are looked at in passing, hundreds on a page.
    thumbnail_jpeg_quality: int = 80

    # Not a limit, but what it costs and what it gives: seconds for a demosaic, milliseconds for the camera's own JPEG.
    raw_policy: RawPolicy = RawPolicy.AUTO
