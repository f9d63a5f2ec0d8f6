"""Whether a service is ready: `python -m photo_assets.ready URL [VARIABLE]`, a container's health check.

VARIABLE names the variable with the service's token. Nothing but the standard library is imported, because this runs
every few seconds.
"""

import os
import sys
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

TIMEOUT_S = 4


def trouble(url: str, token: str = "") -> str:
    """Why the service at `url` is not ready; empty if it is."""
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        # Its own container's service, or a neighbour: never through a proxy.
        with build_opener(ProxyHandler({})).open(request, timeout=TIMEOUT_S):
            return ""
    except (URLError, OSError) as error:
        return str(error)


def main() -> None:
    """The exit code says it, and a line why not."""
    url, *variables = sys.argv[1:]
    if told := trouble(url, os.environ[variables[0]] if variables else ""):
        sys.exit(f"{url} is not ready: {told}")


if __name__ == "__main__":
    main()
