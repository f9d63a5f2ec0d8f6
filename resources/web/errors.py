"""Why a service cannot begin; what one request did wrong is its answer instead.

WebError
├── UnsafeAddress      a service without a token would be open to others
└── CannotListen       the service's address cannot be had
"""

from resources.errors import PhotoPlatformError


class WebError(PhotoPlatformError):
    """A service cannot be started."""


class UnsafeAddress(WebError):
    """Others can reach this address, and nothing would ask them who they are; `variable` would name the token."""

    def __init__(self, host: str, variable: str) -> None:
        super().__init__(f"{host} can be reached from outside. Set {variable} to a secret, or bind to 127.0.0.1.")


class CannotListen(WebError):
    """The service's address is taken or not this machine's."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen on {host}:{port} ({reason}). Choose another --port, or end what uses this one."
        )
