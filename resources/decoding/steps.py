"""The steps of a decode, one under the other.

What belongs here: their order, and the choice of the decoder by the bytes. What does not: any step itself. Only
workers import this module: it brings the decoding libraries with it.
"""

import warnings

from PIL import Image

from resources.decoding.classification import classified, clean_reason
from resources.decoding.errors import UnsupportedError, UnwritableError
from resources.decoding.formats import Format, describe_other, sniff
from resources.decoding.limits import DecodingLimits
from resources.decoding.originals import read_original
from resources.decoding.pictures import Picture
from resources.decoding.pillow_decoder import decode_with_pillow
from resources.decoding.previews import PreviewStore
from resources.decoding.raw_decoder import decode_dng
from resources.decoding.renditions import Renditions, make_renditions
from resources.decoding.requests import DecodeRequest, DecodeResult
from resources.decoding.tags import dump_tags, read_tags


def decode_and_store(request: DecodeRequest, store: PreviewStore, limits: DecodingLimits) -> DecodeResult:
    """Take one original to its stored preview; DecodingError whatever goes wrong with the photo."""
    data = read_original(request.path, request.sha256, limits.max_file_bytes)
    photo_format = _require_format(data)
    with classified(limits), warnings.catch_warnings():
        _heed_bomb_warnings_only()
        picture = decode(data, photo_format, limits)
        renditions = make_renditions(picture, limits)
        tags_json = dump_tags(read_tags(data, photo_format), limits.max_tags_bytes)
    _store(store, request.photo_id, renditions)
    return _ok_result(request, photo_format, picture, renditions, tags_json)


def _require_format(data: bytes) -> Format:
    photo_format = sniff(data)
    if photo_format is None:
        raise UnsupportedError(f"its content is {describe_other(data)}")
    return photo_format


def _heed_bomb_warnings_only() -> None:
    warnings.simplefilter("ignore")  # photos warn about much that a person cannot see
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def decode(data: bytes, photo_format: Format, limits: DecodingLimits) -> Picture:
    """Return the picture of a whole file of this format; whatever the decoder raises comes out as it is."""
    if photo_format is Format.DNG:
        return decode_dng(data, limits)
    return decode_with_pillow(data, photo_format, limits)


def _store(store: PreviewStore, photo_id: str, renditions: Renditions) -> None:
    try:
        store.write(photo_id, renditions.preview, renditions.thumbnail)
    except OSError as error:
        raise UnwritableError(error.strerror or clean_reason(error)) from error


def _ok_result(
    request: DecodeRequest, photo_format: Format, picture: Picture, renditions: Renditions, tags_json: str
) -> DecodeResult:
    return DecodeResult(
        photo_id=request.photo_id,
        status="ok",
        format=photo_format.value,
        decoder=picture.decoder,
        width_px=renditions.width_px,
        height_px=renditions.height_px,
        preview_width_px=renditions.preview_width_px,
        preview_height_px=renditions.preview_height_px,
        tags_json=tags_json,
        perceptual_hash=renditions.perceptual_hash,
        dominant_colours=renditions.dominant_colours,
    )
