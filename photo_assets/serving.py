"""The `photos inference` and `photos serve` commands: this deployment's models and collection behind their services.

The services themselves are the rooms resources/inference/service and photo_assets/search/service.
"""

from contextlib import closing

from photo_assets.definitions import open_resource
from photo_assets.logs import TOLD
from photo_assets.search.models import VersionModels
from photo_assets.search.pictures import QueryPictures
from photo_assets.search.service.library import Library
from photo_assets.search.service.originals import Originals
from photo_assets.search.service.running import SearchServer
from photo_assets.settings import Settings
from resources.inference.service.limits import Limits
from resources.inference.service.running import InferenceServer
from resources.vectors.lending import Lending
from resources.web.limits import MB, RequestLimits
from resources.web.running import url_of


def serve_inference(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped by a signal. Raises ModelError, WebError."""
    # The service has the models itself, also where the shell names it for others.
    local = settings.model_copy(update={"inference_url": ""})
    engine = open_resource(local, "inference").engine()
    server = InferenceServer(engine, host, port, settings.inference_token.get_secret_value(), limits_of(settings))
    url = url_of(host, server.port)
    TOLD.info("%s is loading the models", url)
    server.run(lambda: TOLD.info("%s is ready; its interface: %s/docs", url, url))


def serve_search(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped by a signal. Raises ModelError, VectorIndexError, LibraryError, WebError."""
    vectors, decoding = (open_resource(settings, name) for name in ("vectors", "decoding"))
    models = VersionModels(open_resource(settings, "inference"), open_resource(settings, "library").ledger)
    with closing(Lending(vectors.index())) as collection, QueryPictures() as pictures:
        show_missing = settings.photo_search_missing == "show"
        library = Library(collection, models, decoding.previews(), pictures, show_missing)
        token, limits = settings.photo_search_token.get_secret_value(), search_limits_of(settings)
        server = SearchServer(library, host, port, token, limits, _originals(settings))
        url = url_of(host, server.port)
        TOLD.info("%s is loading the model", url)
        server.run(lambda: TOLD.info("%s is ready; its interface: %s/docs", url, url))


def limits_of(settings: Settings) -> Limits:
    """The inference service's limits: those that can be set, and the rest as they are."""
    return Limits(
        queue=settings.photo_inference_queue,
        body_bytes=settings.photo_inference_body_mb * MB,
        wait_s=settings.photo_inference_wait_ms / 1000,
        files=min(Limits.files, settings.photo_inference_queue),
        held_bytes=max(Limits.held_bytes, 2 * settings.photo_inference_body_mb * MB),
    )


def search_limits_of(settings: Settings) -> RequestLimits:
    """The search service's: one upload, and room for two at a time."""
    largest = settings.photo_serve_upload_mb * MB
    return RequestLimits(body_bytes=largest, held_bytes=max(RequestLimits.held_bytes, 2 * largest))


def _originals(settings: Settings) -> Originals | None:
    if not settings.photo_serve_originals:
        return None
    library = open_resource(settings, "library")
    return Originals(library.ledger(), library.root_paths())
