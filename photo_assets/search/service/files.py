"""Pictures as files: thumbnails and previews by photo id and, where that is allowed, originals.

No path comes from a request: a photo's id names its pictures, and the ledger knows the files that hold it.
"""

from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from photo_assets.search.errors import NoSuchPhoto
from photo_assets.search.service.answers import UNKNOWN
from photo_assets.search.service.originals import Originals
from resources.decoding.previews import PreviewStore

# Private: a proxy that serves several people must not keep them.
_FOR_GOOD = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def add_files(app: FastAPI, previews: PreviewStore, originals: Originals | None) -> None:
    """Add the routes; that of originals only where they may be served."""

    @app.get("/thumbnails/{photo_id}", response_class=FileResponse, responses=UNKNOWN)
    def thumbnail(request: Request, photo_id: UUID) -> Response:
        """A JPEG of at most 256 px; kept for good by a browser where its address names its version `v`."""
        return _picture(request, photo_id, previews.thumbnail_path(str(photo_id)))

    @app.get("/previews/{photo_id}", response_class=FileResponse, responses=UNKNOWN)
    def preview(request: Request, photo_id: UUID) -> Response:
        """A JPEG whose short side has 512 px; kept as a thumbnail is."""
        return _picture(request, photo_id, previews.preview_path(str(photo_id)))

    if originals:
        _add_originals(app, originals)


def _add_originals(app: FastAPI, originals: Originals) -> None:
    @app.get("/originals/{photo_id}", response_class=StreamingResponse, responses=UNKNOWN)
    def original(photo_id: UUID) -> StreamingResponse:
        """The photo's first file as it is, to be saved and not shown: its bytes are a stranger's."""
        found = originals.open(str(photo_id))
        headers = {
            "Content-Length": str(found.size_bytes),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        }
        return StreamingResponse(found.blocks(), media_type="application/octet-stream", headers=headers)


def _picture(request: Request, photo_id: UUID, path: Path) -> Response:
    try:
        about = path.stat()
    except FileNotFoundError:
        raise NoSuchPhoto(str(photo_id)) from None
    keep = _FOR_GOOD if "v" in request.query_params else _ASK_AGAIN
    headers = {"ETag": f'"{about.st_mtime_ns:x}-{about.st_size:x}"', "Cache-Control": keep}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type="image/jpeg", stat_result=about)
