"""DNG: the first rendering that the RAW policy admits and that shows anything.

What belongs here: the order of the renderings under each policy, and the refusal of what LibRaw cannot read or returns
black without an error, as it does for some cut-off files. What does not: the renderings (raw_renderings.py).
"""

import io
from collections.abc import Callable

import rawpy

from resources.decoding.colour import is_one_colour
from resources.decoding.errors import BlackFrameError, CorruptError, UnsupportedError
from resources.decoding.limits import DecodingLimits
from resources.decoding.pictures import Picture, require_few_pieces, require_few_pixels
from resources.decoding.raw_policy import RawPolicy
from resources.decoding.raw_renderings import RAWPY, render_full, render_half, show_large_preview, show_small_preview
from resources.decoding.tiff import is_cut_off, main_compression, most_pieces

Rendering = Callable[[rawpy.RawPy, DecodingLimits], Picture | None]

_RENDERINGS: dict[RawPolicy, tuple[Rendering, ...]] = {
    RawPolicy.AUTO: (show_large_preview, render_half, render_full, show_small_preview),
    RawPolicy.PREVIEW: (show_large_preview, render_half, render_full),
    RawPolicy.HALF: (render_half, render_full),
    RawPolicy.FULL: (render_full,),
}
_LIBRAW_LACKS_IT = (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError)
_COMPRESSIONS = {52546: "JPEG XL", 34892: "lossy JPEG", 8: "deflate", 7: "JPEG"}


def decode_dng(data: bytes, limits: DecodingLimits) -> Picture:
    """Decode a whole DNG; UnsupportedError where LibRaw lacks its compression, BlackFrameError if all is one colour."""
    if is_cut_off(data):
        raise CorruptError("the RAW data goes on after the end of the file")
    require_few_pieces(most_pieces(data), limits)
    is_readable = True
    for rendering in _RENDERINGS[limits.raw_policy]:
        try:
            picture = _render(rendering, data, limits)
        except _LIBRAW_LACKS_IT:  # a preview in the file may still serve
            is_readable = False
        else:
            if picture is not None and not is_one_colour(picture.image):
                return picture
    raise BlackFrameError(RAWPY) if is_readable else UnsupportedError(_what_libraw_lacks(data))


def _render(rendering: Rendering, data: bytes, limits: DecodingLimits) -> Picture | None:
    """Open the file for one rendering: after a failure LibRaw answers nothing more, and opening takes 0.1 ms."""
    with rawpy.imread(io.BytesIO(data)) as raw:
        require_few_pixels(raw.sizes.raw_width, raw.sizes.raw_height, limits)
        return rendering(raw, limits)


def _what_libraw_lacks(data: bytes) -> str:
    number = main_compression(data)
    name = _COMPRESSIONS.get(number, f"compression {number}")
    return f"{RAWPY} cannot read RAW data in {name}, and the file has no preview that serves instead"
