"""How long to go on asking a service that does not answer, or answers "not now".

Only the decision and the wait; what is asked, and what counts as "not now", is calls.py's.
"""

import random
from dataclasses import dataclass, field
from time import monotonic, sleep


@dataclass(frozen=True)
class Patience:
    """Two limits and the waits between tries, which double.

    A service that answers "not now" lives, so it is given longer than one of which nothing is heard: `unreachable_s`
    outlasts a restart, `busy_s` the loading of large models and a full queue on a CPU.
    """

    unreachable_s: float = 30.0
    busy_s: float = 600.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 10.0


@dataclass
class Waiting:
    """One request's tries so far."""

    patience: Patience
    tries: int = 0
    since: float = field(default_factory=monotonic)
    _silent_since: float | None = None

    @property
    def waited_s(self) -> float:
        """Since the first try."""
        return monotonic() - self.since

    def again(self, is_busy: bool, retry_after_s: float) -> bool:
        """Wait before the next try, as long as was asked for if it was; False once patience is at its end."""
        left_s = self._left_s(is_busy)
        if left_s <= 0:
            return False
        backoff_s = min(self.patience.longest_wait_s, self.patience.first_wait_s * 2**self.tries)
        self.tries += 1
        # Spread out, so that clients that were refused together do not come back together.
        sleep(min(left_s, (retry_after_s or backoff_s) * random.uniform(1.0, 1.5)))  # noqa: S311
        return True

    def _left_s(self, is_busy: bool) -> float:
        """Silence counts from where it began: a request may have waited for its answer long before."""
        now = monotonic()
        self._silent_since = None if is_busy else self._silent_since or now
        if self._silent_since is None:
            return self.since + self.patience.busy_s - now
        return self._silent_since + self.patience.unreachable_s - now
