"""Running the search service: its model loads beside the server, which says so meanwhile."""

from photo_assets.search.service.app import build_app
from photo_assets.search.service.library import Library
from photo_assets.search.service.originals import Originals
from photo_assets.search.service.page import COOKIE, LOGIN, OPEN_PATHS
from resources.web.access import Access
from resources.web.limits import RequestLimits
from resources.web.running import Listener, WebServer

_TOKEN = "PHOTO_SEARCH_TOKEN"  # noqa: S105 - the variable's name
_SHUTDOWN_S = 5  # a query behind an ingest is not waited for; whoever asked asks again


class SearchServer(WebServer):
    """The service on one address, port 0 for one that the system chooses. Raises UnsafeAddress, CannotListen."""

    def __init__(
        self,
        library: Library,
        host: str,
        port: int,
        token: str = "",
        limits: RequestLimits | None = None,
        originals: Originals | None = None,
    ) -> None:
        listener = Listener(host, port, token, _TOKEN)
        access = Access(token, _TOKEN, listener.names, OPEN_PATHS, COOKIE, LOGIN)
        app = build_app(library, access, limits or RequestLimits(), originals)
        super().__init__(app, listener, library.load, _SHUTDOWN_S)
