"""The search service's routes: HTTP in, calls of library.py, HTTP out.

Each route is a few lines. Who may ask is the gate's, the page is page.py's, pictures are files.py's.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response, UploadFile
from fastapi import Query as QueryParameters
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from prometheus_client import Gauge
from starlette.types import ASGIApp

from photo_assets.search.duplicates import Kind
from photo_assets.search.errors import NoSuchPhoto
from photo_assets.search.service.answers import (
    PROBLEMS,
    UNKNOWN,
    Groups,
    Health,
    Hits,
    Photo,
    Problem,
    groups_of,
    hits_of,
    photo_of,
)
from photo_assets.search.service.asked import Asked, Page
from photo_assets.search.service.files import add_files
from photo_assets.search.service.headers import SafeHeaders
from photo_assets.search.service.library import Library
from photo_assets.search.service.originals import Originals
from photo_assets.search.service.page import add_page
from resources.errors import PhotoPlatformError
from resources.web.access import Access
from resources.web.gate import Gate
from resources.web.limits import RequestLimits
from resources.web.metrics import CONTENT_TYPE, RequestMetrics

_SAYS = "Finds photos by words, by a picture, by place and time. Every refusal has the shape of Problem."
_COME_AGAIN_S = 5
_ALL_KINDS = list(Kind)
Wishes = Annotated[Asked, QueryParameters()]


def build_app(library: Library, access: Access, limits: RequestLimits, originals: Originals | None = None) -> ASGIApp:
    """The application, for those who have access; without `originals` no original is served."""
    # Declared so that programs which read the interface know of the token; the gate is what checks it.
    bearer = [Depends(HTTPBearer(auto_error=False))] if access.token else []
    app = FastAPI(
        title="Photo search", description=_SAYS, docs_url=None, redoc_url=None, dependencies=bearer, responses=PROBLEMS
    )
    metrics = RequestMetrics("photo_search")
    Gauge("collection_points", "Points that are searched", **metrics.new).set_function(lambda: library.points)
    _tell_problems(app)
    _add_searches(app, library)
    _add_photos(app, library, with_originals=originals is not None)
    _add_operations(app, library, metrics)
    add_files(app, library.previews, originals)
    add_page(app, access)
    # Around all of it, the framework's own answer to what breaks included.
    return SafeHeaders(Gate(app, limits, access, metrics.request))


def _add_searches(app: FastAPI, library: Library) -> None:
    @app.get("/search")
    def search(asked: Wishes) -> Hits:
        """The photos that show what the text says, the best first; without a text, all that the filters admit."""
        return hits_of(library.find(asked.query()), asked)

    @app.post("/search/image")
    def search_by_image(file: UploadFile, asked: Wishes) -> Hits:
        """The photos that look like the uploaded picture, of any format that the library takes; a text adds to it."""
        return hits_of(library.find(asked.query(picture=library.pictures.preview_of(file.file.read()))), asked)

    @app.get("/similar/{photo_id}", responses=UNKNOWN)
    def similar(photo_id: UUID, page: Annotated[Page, QueryParameters()]) -> Hits:
        """The photos that look like this one, without itself."""
        library.payload(str(photo_id))
        return hits_of(library.find(page.query(like=str(photo_id))), page)


def _add_photos(app: FastAPI, library: Library, *, with_originals: bool) -> None:
    @app.get("/photos/{photo_id}", responses=UNKNOWN)
    def photo(photo_id: UUID) -> Photo:
        """Caption, paths, metadata and provenance of one photo."""
        return photo_of(library.payload(str(photo_id)), with_original=with_originals)

    @app.get("/duplicates")
    def duplicates(
        kind: Annotated[list[Kind], QueryParameters(max_length=len(_ALL_KINDS))] = _ALL_KINDS,
        limit: Annotated[int, QueryParameters(ge=1, le=200, description="How many groups.")] = 50,
        offset: Annotated[int, QueryParameters(ge=0, description="How many of the first to leave out.")] = 0,
    ) -> Groups:
        """Photos that are there more than once, with the one to keep; nothing is deleted.

        The first page looks anew, which takes seconds in a large library; the others are of that same look.
        """
        return groups_of(library.duplicates(kind, anew=offset == 0), limit, offset)


def _add_operations(app: FastAPI, library: Library, metrics: RequestMetrics) -> None:
    @app.get("/health")
    def health(response: Response) -> Health:
        """Whether the model is loaded, and which collection is searched; asks nothing of a collection in use."""
        if not library.is_ready:
            response.status_code, response.headers["Retry-After"] = 503, str(_COME_AGAIN_S)
        status = "ready" if library.is_ready else "loading"
        return Health(status=status, searched=library.searched(), model=library.model())

    @app.get("/metrics", response_class=Response)
    def told() -> Response:
        """Prometheus' counters."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)


def _tell_problems(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(422, "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return _problem(500, f"the service failed ({type(error).__name__}); its log says where")

    @app.exception_handler(PhotoPlatformError)
    async def failed(_: Request, error: PhotoPlatformError) -> JSONResponse:
        if error.retryable:
            return _problem(503, str(error), {"Retry-After": str(_COME_AGAIN_S)})
        return _problem(404 if isinstance(error, NoSuchPhoto) else 422, str(error))


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(Problem(detail=detail).model_dump(), status, headers)
