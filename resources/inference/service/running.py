"""Running the inference service: its models load beside the server, which says so meanwhile."""

from collections.abc import Callable

from resources.inference.port import InferenceEngine
from resources.inference.service.app import build_app
from resources.inference.service.limits import Limits
from resources.inference.service.serving import Serving
from resources.web.access import Access
from resources.web.running import Listener, WebServer

_TOKEN = "INFERENCE_TOKEN"  # noqa: S105 - the variable's name


class InferenceServer:
    """The service on one address, port 0 for one that the system chooses. Raises UnsafeAddress, CannotListen."""

    def __init__(
        self, engine: InferenceEngine, host: str, port: int, token: str = "", limits: Limits | None = None
    ) -> None:
        listener = Listener(host, port, token, _TOKEN)
        self.port = listener.port
        serving = Serving(engine, limits or Limits())
        app = build_app(serving, Access(token, _TOKEN, listener.names))
        self._server = WebServer(app, listener, serving.load, serving.limits.shutdown_s)

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until told to stop by a signal or by `stop`. Raises what loading the models raises."""
        self._server.run(on_ready)

    def stop(self) -> None:
        """Take no more requests, answer those that were accepted, and end."""
        self._server.stop()
