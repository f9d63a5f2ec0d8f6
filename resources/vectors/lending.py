"""The index in a process that lives long, such as the search service, beside others that come and go.

The embedded engine admits one process at a time and takes 0.2 to 0.6 s to open, so it stays open from query to query;
but as soon as another process waits for it, it is closed between two queries, and the next query waits in line.
What belongs here: who may use the index when. A server serves everybody at once, and none of this is needed.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from resources.vectors import locks
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import VectorIndexError
from resources.vectors.port import VectorIndex

_LOG = logging.getLogger(__name__)


class Lending:
    """Lends `index` to the threads of this process; close it to close the index."""

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self._borrowers = 0
        self._is_giving_way = False
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._give_way_when_wanted, args=(index,), daemon=True)
        if isinstance(index, EmbeddedIndex):
            self._watch.start()

    @contextmanager
    def borrowed(self) -> Iterator[VectorIndex]:
        """The index for one short piece of work. Its calls raise IndexInUse where another process keeps it too long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_giving_way)
            self._borrowers += 1
        try:
            yield self._index
        finally:
            with self._changed:
                self._borrowers -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let go of the index for good."""
        self._ended.set()
        if self._watch.is_alive():
            self._watch.join()
        self._index.close()

    def _give_way_when_wanted(self, index: EmbeddedIndex) -> None:
        while not self._ended.wait(locks.POLL_S):
            if index.is_wanted():
                self._give_way()

    def _give_way(self) -> None:
        """Close the index once nobody uses it; whoever borrows next opens it again, behind those who waited."""
        with self._changed:
            self._is_giving_way = True
            self._changed.wait_for(lambda: not self._borrowers)
            try:
                self._index.close()
            except VectorIndexError:  # the lock is given back all the same, and the next to open meets what is wrong
                _LOG.exception("the collection could not be closed cleanly")
            self._is_giving_way = False
            self._changed.notify_all()
