"""The schemas of every table, one row kind each, with units in the column names.

Only columns and their meaning. Plain data, so that the code server needs neither pyarrow nor pandas to show them;
`resources.tables.schema` turns them into pyarrow schemas when a table is written or read.
"""

from resources.tables.schema import Column, Schema

STATUS = (
    Column("status", "string", "ok or failed", required=True),
    Column("error_kind", "string", "why it failed, as one word"),
    Column("error_message", "string", "why it failed, for a person"),
)

PHOTO_FILES: Schema = (
    Column("position", "int64", "place in the batch", required=True),
    Column("path", "binary", "absolute path as the file system has it", required=True),
    Column("path_display", "string", "the path for a person to read", required=True),
    Column("size_bytes", "int64", "size of the file"),
    Column("mtime_ns", "int64", "modification time, nanoseconds since 1970"),
    Column("sha256", "string", "hash of the file's bytes"),
    Column("photo_id", "string", "uuid5 of the hash: the photo this file holds"),
    Column("status", "string", "ok, duplicate (another file brings this photo) or failed", required=True),
    *STATUS[1:],
)

LOOKS = (
    Column("perceptual_hash", "string", "64 bits of its structure as 16 hex digits; copies differ in few bits"),
    Column("dominant_colours", "list<string>", "up to five colours as #rrggbb, largest share first"),
)

DECODED_IMAGES: Schema = (
    Column("photo_id", "string", "the photo", required=True),
    Column("path_display", "string", "the file that was decoded", required=True),
    Column("mtime_ns", "int64", "its modification time, nanoseconds since 1970", required=True),
    *STATUS,
    Column("format", "string", "jpeg, png, heic or dng, told from the bytes"),
    Column("width_px", "int64", "width as seen, upright"),
    Column("height_px", "int64", "height as seen, upright"),
    Column("preview_width_px", "int64", "width of the preview"),
    Column("preview_height_px", "int64", "height of the preview"),
    Column("decode_ms", "double", "milliseconds from opening to the written preview"),
    Column("decoder", "string", "library, version and way of decoding"),
    Column("decoder_policy", "string", "version of the decoding rules", required=True),
    Column("tags_json", "string", "the file's own tags, bounded, as JSON"),
    *LOOKS,
)

PHOTO_METADATA: Schema = (
    Column("photo_id", "string", "the photo", required=True),
    *STATUS,
    Column("taken_at", "string", "local time of the picture, ISO 8601"),
    Column("taken_at_offset", "string", "its offset from UTC, like +02:00"),
    Column("taken_at_source", "string", "where the time was found"),
    Column("camera_make", "string", "maker of the camera"),
    Column("camera_model", "string", "model of the camera"),
    Column("camera_serial", "string", "serial number of the camera's body"),
    Column("lens_make", "string", "maker of the lens"),
    Column("lens_model", "string", "model of the lens"),
    Column("exposure_s", "double", "exposure time in seconds"),
    Column("f_number", "double", "aperture"),
    Column("iso", "int64", "sensitivity"),
    Column("focal_length_mm", "double", "focal length in millimetres"),
    Column("focal_length_35mm_mm", "double", "focal length of the same view on 35 mm film, in millimetres"),
    Column("flash_fired", "bool", "whether the flash fired"),
    Column("latitude_deg", "double", "degrees north"),
    Column("longitude_deg", "double", "degrees east"),
    Column("altitude_m", "double", "metres above sea level"),
    Column("orientation", "int64", "EXIF orientation, 1 to 8, before it was applied"),
    Column("software", "string", "software that wrote the file"),
    Column("title", "string", "title somebody gave it"),
    Column("description", "string", "description somebody wrote"),
    Column("keywords", "list<string>", "keywords somebody gave it, each once"),
    Column("rating", "int64", "-1 rejected, 0 not rated, 1 to 5 stars"),
    Column("label", "string", "label of the photo, mostly a colour's name"),
    Column("sidecars_json", "string", "the sidecars that were read: pairs of a file in the ledger and its signature"),
    Column("width_px", "int64", "width as seen, upright"),
    Column("height_px", "int64", "height as seen, upright"),
    *LOOKS,
)

IMAGE_EMBEDDINGS: Schema = (
    Column("photo_id", "string", "the photo", required=True),
    *STATUS,
    Column("vector", "list<float32>", "CLIP image embedding of norm 1"),
    Column("clip_model", "string", "checkpoint", required=True),
    Column("clip_revision", "string", "its pinned revision or content hash", required=True),
    Column("preprocessing", "string", "how the preview became the model's input", required=True),
    Column("inference_dtype", "string", "number format of the computation", required=True),
)

IMAGE_CAPTIONS: Schema = (
    Column("photo_id", "string", "the photo", required=True),
    *STATUS,
    Column("caption", "string", "BLIP caption"),
    Column("blip_model", "string", "checkpoint", required=True),
    Column("blip_revision", "string", "its pinned revision or content hash", required=True),
    Column("preprocessing", "string", "how the preview became the model's input", required=True),
    Column("inference_dtype", "string", "number format of the computation", required=True),
    Column("caption_decoding", "string", "how the caption was written: greedy or by beams, and of how many tokens"),
)

CAPTION_EMBEDDINGS: Schema = (
    Column("photo_id", "string", "the photo", required=True),
    *STATUS,
    Column("caption", "string", "the words that were embedded"),
    Column("vector", "list<float32>", "CLIP text embedding of norm 1, comparable with the pictures'"),
    Column("clip_model", "string", "checkpoint", required=True),
    Column("clip_revision", "string", "its pinned revision or content hash", required=True),
    Column("inference_dtype", "string", "number format of the computation", required=True),
)

COLLECTION_POINTS: Schema = (
    Column("photo_id", "string", "the photo, and the id of its point", required=True),
    Column("status", "string", "ok, failed or removed (no file has held it for long)", required=True),
    Column("error_kind", "string", "why it failed, or why an ok one has no caption, as one word"),
    Column("error_message", "string", "the same, for a person"),
    Column("collection", "string", "collection version that holds the point", required=True),
    Column("payload_digest", "string", "of what its payload says but for the place, so that a changed point is found"),
)

SCHEMAS: dict[str, Schema] = {
    "photo_files": PHOTO_FILES,
    "decoded_images": DECODED_IMAGES,
    "photo_metadata": PHOTO_METADATA,
    "image_embeddings": IMAGE_EMBEDDINGS,
    "image_captions": IMAGE_CAPTIONS,
    "caption_embeddings": CAPTION_EMBEDDINGS,
    "collection_points": COLLECTION_POINTS,
}
