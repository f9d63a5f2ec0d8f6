"""How the stand-in misbehaves on order: which request is hit, when, and by what.

What belongs here: choosing the fault of a request. Carrying it out is `qdrant_stand_in.py`.
"""

import re
import threading
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["status", "hang_up", "reset", "late", "lost"]
ALWAYS = 1_000_000


@dataclass
class Fault:
    """What happens to the requests whose "METHOD /path" the pattern `route` finds.

    The first `skip` of them are let through, the next `times` are hit, and by what says `kind`:
    status: answered with `status` and not applied. hang_up: the connection ends without an answer. reset: it is
    reset. late: applied and answered after `seconds`. lost: applied, and then the connection ends without an answer.
    """

    kind: Kind
    route: str = "."
    times: int = 1
    skip: int = 0
    status: int = 503
    seconds: float = 0.0
    message: str = "as told"

    def hits(self, request: str) -> bool:
        """Whether this request is hit; counts it."""
        if not self.times or not re.search(self.route, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Faults:
    """The faults that wait for their request, in the order of their ordering."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._guard = threading.Lock()

    def order(self, kind: Kind, route: str = ".", **details: Any) -> Fault:
        """Let one kind of fault happen; see Fault."""
        fault = Fault(kind, route, **details)
        with self._guard:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Behave from now on."""
        with self._guard:
            self._waiting.clear()

    def of(self, request: str) -> Fault | None:
        """The fault that this request meets, if any."""
        with self._guard:
            return next((fault for fault in self._waiting if fault.hits(request)), None)
