"""Running the inference service: its models load beside the server, which says so meanwhile.

A device that is lost ends it, with the error: whoever keeps services running starts another process, which is the cure.
"""

from resources.inference.port import InferenceEngine
from resources.inference.service.app import build_app
from resources.inference.service.limits import Limits
from resources.inference.service.serving import Serving
from resources.web.access import Access
from resources.web.running import Listener, WebServer

_TOKEN = "INFERENCE_TOKEN"  # noqa: S105 - the variable's name


class InferenceServer(WebServer):
    """The service on one address, port 0 for one that the system chooses. Raises UnsafeAddress, CannotListen."""

    def __init__(
        self, engine: InferenceEngine, host: str, port: int, token: str = "", limits: Limits | None = None
    ) -> None:
        listener = Listener(host, port, token, _TOKEN)
        serving = Serving(engine, limits or Limits(), self.fail)
        app = build_app(serving, Access(token, _TOKEN, listener.names))
        super().__init__(app, listener, serving.load, serving.limits.shutdown_s)
