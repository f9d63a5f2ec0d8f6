"""The embedded engine killed at a dozen moments that nobody chose: nothing acknowledged is lost, nothing is doubled."""

import multiprocessing
import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from resources.vectors import edge_version
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.payloads import canonical
from resources.vectors.port import VectorIndex

from .samples import DIMENSIONS, OTHER_VERSION, VERSION, payload, point, point_id, unit

KILLS, PER_WRITE, LONGEST_S = 12, 20, 0.2
# A server that forks has the imports done, and unlike this process no engine's threads.
PROCESSES = multiprocessing.get_context("forkserver")


def write(directory: Path, start: int, told: Connection) -> None:
    """Upsert, flush, tell a point something, switch, and sometimes close; tell what is acknowledged. Until killed."""
    edge_version._FLUSH_EVERY = 3 * PER_WRITE
    with EmbeddedIndex(directory, wait_s=20) as index:
        for round_, number in enumerate(range(start, 10**9, PER_WRITE)):
            index.upsert(VERSION, [point(each) for each in range(number, number + PER_WRITE)])
            index.set_payload(VERSION, {point_id(number): {"caption": f"told {number}"}})
            index.switch_alias((VERSION, OTHER_VERSION)[round_ % 2])
            told.send(number + PER_WRITE)
            if round_ % 4 == 3:
                index.close()


def killed(directory: Path, start: int, after_s: float) -> int:
    """How many points were acknowledged to a process that was killed so long after the first of them."""
    heard, told = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=write, args=(directory, start, told), daemon=True)
    process.start()
    told.close()
    acknowledged = heard.recv()
    time.sleep(after_s)
    process.kill()
    process.join()
    try:
        while True:
            acknowledged = heard.recv()
    except EOFError:
        return acknowledged


def numbers_in(index: VectorIndex, acknowledged: int) -> Sequence[int]:
    """The numbers of the points there are, each as it was written; all that is acknowledged is among them."""
    by_id = {point_id(number): number for number in range(acknowledged + PER_WRITE)}
    records = list(index.scroll(VERSION))
    numbers = [by_id[record.point_id] for record in records]
    for number, record in zip(numbers, records, strict=True):
        is_told = number % PER_WRITE == 0
        captions = {payload(number)["caption"], *([f"told {number}"] if is_told else [])}
        assert canonical(record.payload) == canonical(payload(number) | {"caption": record.payload["caption"]})
        assert record.payload["caption"] in captions
        assert number >= acknowledged or not is_told or record.payload["caption"] == f"told {number}"
    return sorted(numbers)


def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    moments = random.Random(6)
    with EmbeddedIndex(tmp_path) as index:
        for version in (VERSION, OTHER_VERSION):
            index.create_version(version, DIMENSIONS)
    done = 0
    for _ in range(KILLS):
        done = killed(tmp_path, done, moments.uniform(0, LONGEST_S))
        with EmbeddedIndex(tmp_path, wait_s=20) as index:
            numbers = numbers_in(index, done)
            assert numbers[:done] == list(range(done)), "an acknowledged point is lost"
            assert len(numbers) <= done + PER_WRITE and index.count(VERSION) == len(numbers)
            assert index.active_version() in (VERSION, OTHER_VERSION)
    with EmbeddedIndex(tmp_path) as index:
        index.upsert(VERSION, [point(number) for number in range(done + PER_WRITE)])
        assert index.count(VERSION) == done + PER_WRITE
        assert len(index.query(VERSION, unit(1), limit=done + PER_WRITE)) == done + PER_WRITE
