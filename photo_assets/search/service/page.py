"""The gallery page, the login form and the page of the interface: files of this package, and the cookie that one gets.

The pages are plain files in page/, read once as the service starts, each below the head that all share (head.html);
nothing of a request is ever put into one.
"""

import hashlib
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse

from resources.web.access import Access

COOKIE, LOGIN, COPIES = "photos_session", "/login", "/copies"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}


def _read() -> dict[str, bytes]:
    folder = files("photo_assets.search.service").joinpath("page")
    read = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(tuple(_TYPES))}
    head = read.pop("head.html")
    return {name: head + content if name.endswith(".html") else content for name, content in read.items()}


_FILES = _read()
_ASSETS = frozenset(f"/assets/{name}" for name in _FILES if not name.endswith(".html"))

OPEN_PATHS = frozenset({LOGIN, COPIES, "/docs", "/openapi.json", *_ASSETS})
"""What anybody may have: it tells nothing that the source does not."""


def add_page(app: FastAPI, access: Access) -> None:
    """Add the pages, their files and, where there is a token, the login."""
    for path, name in (("/", "gallery.html"), (COPIES, "copies.html"), ("/docs", "interface.html")):
        _serve(app, path, name)
    for path in sorted(_ASSETS):
        _serve(app, path, path.removeprefix("/assets/"))
    if access.token:
        _add_login(app, access)


def _serve(app: FastAPI, path: str, name: str) -> None:
    tag = f'"{hashlib.sha256(_FILES[name]).hexdigest()[:16]}"'
    media_type = next(media_type for suffix, media_type in _TYPES.items() if name.endswith(suffix))

    @app.get(path, include_in_schema=False)
    async def file(request: Request) -> Response:
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(_FILES[name], headers=headers, media_type=media_type)


def _add_login(app: FastAPI, access: Access) -> None:
    @app.get(LOGIN, include_in_schema=False)
    async def form(request: Request, token: str = "") -> Response:
        return _signed_in(request, access, token) if token else _page("login.html")

    @app.post(LOGIN, include_in_schema=False)
    async def sign_in(request: Request, token: Annotated[str, Form(max_length=1_000)] = "") -> Response:
        return _signed_in(request, access, token)


def _signed_in(request: Request, access: Access, token: str) -> Response:
    if not access.is_token(token):
        return _page("refused.html", 401)
    # A page that goes on by itself, and no redirect: one that began elsewhere would go without a strict cookie.
    response = _page("welcome.html")
    is_encrypted = request.url.scheme == "https"
    response.set_cookie(COOKIE, access.session(), httponly=True, samesite="strict", secure=is_encrypted)
    return response


def _page(name: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_FILES[name], status)
