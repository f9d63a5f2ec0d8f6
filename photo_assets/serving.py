"""The `photos inference` command: this deployment's models behind the service, its limits from the settings.

The service itself is the room resources/inference/service.
"""

from photo_assets.definitions import open_resource
from photo_assets.settings import Settings
from photo_assets.terminal import err
from resources.inference.service.limits import Limits
from resources.inference.service.running import InferenceServer
from resources.web.limits import MB
from resources.web.running import url_of


def serve_inference(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped by a signal. Raises ModelError."""
    # The service has the models itself, also where the shell names it for others.
    local = settings.model_copy(update={"inference_url": ""})
    engine = open_resource(local, "inference").engine()
    server = InferenceServer(engine, host, port, settings.inference_token.get_secret_value(), limits_of(settings))
    url = url_of(host, server.port)
    err.print(f"{url} is loading the models", highlight=False, soft_wrap=True)
    server.run(lambda: err.print(f"{url} is ready; its interface: {url}/docs", highlight=False, soft_wrap=True))


def limits_of(settings: Settings) -> Limits:
    """The service's limits: those that can be set, and the rest as they are."""
    return Limits(
        queue=settings.photo_inference_queue,
        body_bytes=settings.photo_inference_body_mb * MB,
        wait_s=settings.photo_inference_wait_ms / 1000,
        files=min(Limits.files, settings.photo_inference_queue),
        held_bytes=max(Limits.held_bytes, 2 * settings.photo_inference_body_mb * MB),
    )
