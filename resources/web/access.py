"""Who may ask a service: whoever has its token or, where it has none, whoever calls this machine by its own name.

What belongs here: judging a request by its path and headers. Sending the refusal is gate.py's, setting a cookie the
application's.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

CLOSE = {"Connection": "close"}  # rather than read on what was refused


@dataclass
class Refused(Exception):
    """The request is answered with this status and these words instead."""

    status: int
    detail: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """`variable` is the setting with the token, `names` this machine's, `open_paths` what tells nothing of anybody.

    A service with a page names its `cookie`, and `login`, where a person without one is sent from `/`.
    """

    token: str = field(repr=False)
    variable: str
    names: Sequence[str]
    open_paths: frozenset[str] = frozenset({"/docs", "/openapi.json"})
    cookie: str = ""
    login: str = ""

    def check(self, path: str, query: str, headers: Headers) -> None:
        """Raise Refused unless the request may go on."""
        if not self.token:
            self._check_neighbour(headers)
        elif path not in self.open_paths and not self._is_known(headers):
            if path == "/" and self.login:
                raise Refused(303, "sign in first", {"Location": f"{self.login}?{query}" if query else self.login})
            told = {"WWW-Authenticate": "Bearer"} | CLOSE
            raise Refused(401, f"the bearer token is missing or wrong; send the service's {self.variable}", told)

    def is_token(self, offered: str) -> bool:
        """Whether this is the token; takes as long whatever is offered."""
        return hmac.compare_digest(offered.encode(), self.token.encode())

    def session(self) -> str:
        """What the cookie holds: made from the token, so that it ends with it, and of no use to find it."""
        return hmac.new(self.token.encode(), b"session of a page", hashlib.sha256).hexdigest()

    def _is_known(self, headers: Headers) -> bool:
        offered = headers.get("authorization", "").encode()
        if hmac.compare_digest(offered, f"Bearer {self.token}".encode()):
            return True
        return bool(self.cookie) and hmac.compare_digest(self._cookie(headers).encode(), self.session().encode())

    def _cookie(self, headers: Headers) -> str:
        # SimpleCookie reads none behind one that it dislikes, and neighbours on other ports set theirs here too.
        return cookie_parser(headers.get("cookie", "")).get(self.cookie, "")

    def _check_neighbour(self, headers: Headers) -> None:
        # Or a web page could have its own name point here and read answers in a visitor's browser.
        if _host(headers) not in self.names:
            raise Refused(400, f"this service is called by another name; use http://{self.names[0]}:PORT", CLOSE)
        # Or any page could show what it guesses to be here, and keep the models busy.
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            raise Refused(403, "another site's page asks; open this service's own page", CLOSE)


def _host(headers: Headers) -> str:
    """The name in the Host header, without its port and without the brackets of an IPv6 address."""
    host = headers.get("host", "").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
