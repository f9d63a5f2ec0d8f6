"""One index for the threads of a service, while other processes write: nobody is kept out, and no query fails."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resources.vectors import locks
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import IndexInUse
from resources.vectors.lending import Lending

from .samples import DIMENSIONS, VERSION, point, point_id, unit
from .test_embedded import process

ROUNDS, PER_ROUND = 6, 20
# What an ingest does with the collection: open late, write, close early, again and again.
INGEST = f"""
for number in range({ROUNDS}):
    with embedded.EmbeddedIndex(Path(sys.argv[1]), wait_s=20) as another:
        another.upsert(VERSION, points(100 + number * {PER_ROUND}, 100 + (number + 1) * {PER_ROUND}))
    print(number, flush=True)
"""


@pytest.fixture
def lending(tmp_path: Path) -> Iterator[Lending]:
    """An index with one point, lent, and open already."""
    with EmbeddedIndex(tmp_path) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(1)])
    lent = Lending(EmbeddedIndex(tmp_path, wait_s=20))
    assert found(lent) == [point_id(1)]
    yield lent
    lent.close()


def found(lending: Lending) -> list[str]:
    with lending.borrowed() as index:
        return [hit.point_id for hit in index.query(VERSION, unit(1), limit=1)]


def test_queries_go_on_while_another_process_writes_and_neither_fails(lending: Lending, tmp_path: Path) -> None:
    with process(tmp_path, INGEST) as ingest, ThreadPoolExecutor(3) as clients:
        asked = []
        while ingest.poll() is None:
            asked += [clients.submit(found, lending) for _ in range(3)]
            time.sleep(0.01)
        assert ingest.returncode == 0, "the writer was kept out"
    assert len(asked) > ROUNDS and all(query.result() for query in asked)
    with lending.borrowed() as index:
        assert index.count(VERSION) == 1 + ROUNDS * PER_ROUND


def test_it_stays_open_from_query_to_query_while_nobody_else_wants_it(lending: Lending, tmp_path: Path) -> None:
    time.sleep(4 * locks.POLL_S)
    assert found(lending)
    with EmbeddedIndex(tmp_path, wait_s=0) as another, pytest.raises(IndexInUse):
        another.count(VERSION)


def test_it_is_not_taken_from_a_query_under_way(lending: Lending, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as others, EmbeddedIndex(tmp_path, wait_s=20) as another:
        with lending.borrowed() as index:
            counted = others.submit(another.count, VERSION)
            time.sleep(6 * locks.POLL_S)
            assert not counted.done() and index.count(VERSION) == 1
        assert counted.result(10) == 1


def test_whoever_waited_goes_before_a_holder_that_comes_back_at_once(tmp_path: Path) -> None:
    path, order = tmp_path / "locks" / "a.lock", []
    first = locks.acquire(path, 0)

    def wait_for_it() -> None:
        with locks.held(path, 10):
            order.append("who waited")

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    while not locks.is_wanted(path):
        time.sleep(0.001)
    locks.release(first)
    with locks.held(path, 10):
        order.append("who came back")
    waiting.join()
    assert order == ["who waited", "who came back"] and not locks.is_wanted(path)


def test_a_server_is_lent_without_a_watch() -> None:
    class Server:
        closed = False

        def close(self) -> None:
            self.closed = True

    server, before = Server(), threading.active_count()
    lent = Lending(server)  # type: ignore[arg-type]
    with lent.borrowed() as index:
        assert index is server
    assert threading.active_count() == before
    lent.close()
    assert server.closed
