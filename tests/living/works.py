"""The platform's side: the real sensor, and runs made of the real steps, over doubles of the expensive rooms.

A process that dies loses what is in here; what outlives it are the ledger's file and the doubles (`Kept`). The order of
the steps is that of the assets, and between any two of them anything may happen to the files.
"""

import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg

from photo_assets.at_work import PARTITION
from photo_assets.steps.collection import BatchTables, space_of, write_batch
from photo_assets.steps.decoding import decode_photos, read_metadata
from photo_assets.steps.files import identify_files
from photo_assets.steps.following import follow
from photo_assets.steps.inference import infer
from photo_assets.steps.truth import compare, told_by_tables
from photo_assets.steps.versions import switch_to_whole
from resources.errors import PhotoPlatformError
from resources.library import look
from resources.library.ledger import Ledger
from resources.library.patterns import EVERYTHING, Patterns
from resources.library.scan import walk
from sensors import new_photos as sensor

from .asked import Asked
from .doubles import CountingEngine, CountingPool, MemoryIndex, MemoryTables, Previews
from .faults import Calls, Frail

PORTION = 4
GRACE_S = 30 * 86_400.0
TICK_S = 30.0

# What one library's index sets aside, a few times over: a container's folder in memory is often smaller.
ROOM_BYTES = 2**30


def _folder_in_memory(folder: str = "/dev/shm") -> str | None:
    """A folder in memory with room to work in, or None for the disk's own.

    A ledger syncs every transaction, a table every file; in memory that costs nothing.
    """
    has_room = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM_BYTES
    return folder if has_room else None


MEMORY = _folder_in_memory()

# Every table of a batch, in the order in which its steps write them.
TABLES = ("photo_files", "decoded_images", "photo_metadata", "image_embeddings", "image_captions")


@dataclass
class Kept:
    """What a process that died leaves behind, and what its steps have cost.

    `pardoned` counts, for each photo, the runs that were cut off and must do its work once more.
    """

    ledger_path: Path
    index: Any = field(default_factory=MemoryIndex)
    tables: Any = field(default_factory=MemoryTables)
    previews: Previews = field(default_factory=Previews)
    engine: CountingEngine = field(default_factory=CountingEngine)
    pool: CountingPool = field(init=False)
    asked: Asked = field(default_factory=Asked)
    pardoned: Counter[str] = field(default_factory=Counter)
    now: float = 1_000_000.0

    def __post_init__(self) -> None:
        self.pool = CountingPool(self.previews)

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Let the platform have `now` for the time."""
        with patch("time.time", lambda: self.now), patch.object(sensor, "datetime", _Calendar(self)):
            yield


@dataclass(frozen=True)
class _Calendar:
    """Instead of the class datetime."""

    kept: Kept

    def now(self, zone: tzinfo) -> datetime:
        return datetime.fromtimestamp(self.kept.now, zone)


@dataclass(frozen=True)
class _Library:
    """The sensor's library: one ledger, open as long as its process lives."""

    opened: Any
    roots: list[Path]
    state: Path
    batch_size: int
    missing_grace_s: float

    def ledger(self) -> AbstractContextManager[Any]:
        return nullcontext(self.opened)

    def root_paths(self) -> list[Path]:
        return self.roots

    def state_path(self) -> Path:
        return self.state

    def patterns(self) -> Patterns:
        return EVERYTHING


@dataclass(frozen=True)
class _Decoding:
    """The sensor's decoding: which decoder there is."""

    pool: Any

    def decoder(self) -> str:
        return str(self.pool.decoder)


class Works:
    """One process's view: the rooms behind their seams, opened anew after every death."""

    def __init__(self, kept: Kept, roots: list[Path], state: Path, calls: Calls, *, batch_size: int = 3) -> None:
        self.kept = kept
        self.calls = calls
        self.asked = kept.asked
        self.opened = Ledger(kept.ledger_path)
        self.ledger: Any = Frail(self.opened, calls)
        self.index: Any = Frail(kept.index, calls)
        self.tables: Any = Frail(kept.tables, calls)
        self.pool: Any = Frail(kept.pool, calls)
        self.engine: Any = Frail(kept.engine, calls)
        self._library: Any = _Library(self.ledger, roots, state, batch_size, GRACE_S)
        self._decoding: Any = _Decoding(self.pool)
        self.space = space_of(kept.engine)
        self.version = self.space[0]

    def close(self) -> None:
        """Let go of the ledger's file."""
        self.opened.close()

    def tick(self, *, looking_s: float = sensor.LOOKING_S) -> None:
        """A tick of the sensor new_photos, and the daemon's with what it answers."""
        with _silently(), patch.object(sensor, "LOOKING_S", looking_s):
            context = dg.build_sensor_context(instance=self.asked)
            answer: Any = sensor.new_photos(context, library=self._library, decoding=self._decoding)
            self.asked.submit(answer)

    def ask_again(self) -> None:
        """What nightly_refresh does with a batch whose run failed."""
        self.asked.ask_by_hand(self.ledger.planned_batches())

    def do(self, run: dg.DagsterRun) -> Iterator[None]:
        """A run that was asked for; a pause stands between any two of its steps."""
        self.asked.note(run, dg.DagsterRunStatus.STARTED)
        batch = run.tags.get(PARTITION, "")
        if run.job_name == "ingest_batch":
            yield from self._ingest(batch)
        elif run.job_name == "retry_captions":
            self._recaption(batch)
        elif run.job_name == "rewrite_points":
            self._put(batch)
        else:
            assert run.job_name == "describe_collection"
            self.follow()
        self.asked.note(run, dg.DagsterRunStatus.SUCCESS)

    def follow(self) -> None:
        """The asset photo_collection."""
        follow(self.ledger, self.index, GRACE_S, self.kept.now)
        told = told_by_tables(self.tables)
        switch_to_whole(self.index, self.ledger, compare(self.index, self.ledger, self.version, told))
        self.ledger.tell_held_roots(self.ledger.held_roots())

    def pardon(self, batch: str) -> None:
        """A run of this batch was cut off: what it had decoded may be decoded once more."""
        try:
            rows = self.kept.tables.read("photo_files", batch)
        except (KeyError, PhotoPlatformError):
            return
        self.kept.pardoned.update(row["photo_id"] for row in rows if row["status"] == "ok")

    def _ingest(self, batch: str) -> Iterator[None]:
        """The job ingest_batch."""
        files = self._write("photo_files", batch, identify_files(self.ledger, batch))
        yield
        decoded = self._write("decoded_images", batch, decode_photos(files, self.pool, self.ledger))
        yield
        self._write("photo_metadata", batch, read_metadata(decoded, self.ledger))
        yield
        embeddings, captions = infer(decoded, self.kept.previews, self.engine, embed=True, caption=True)
        self._write("image_embeddings", batch, embeddings)
        self._write("image_captions", batch, captions)
        yield
        self._put(batch)

    def _put(self, batch: str) -> None:
        """The asset collection_points."""
        tables = BatchTables(*(self.tables.read(table, batch) for table in TABLES[1:]))
        rows, missing = write_batch(batch, tables, {}, self.index, self.ledger, self.space)
        assert not missing
        self._write("collection_points", batch, rows)

    def _recaption(self, batch: str) -> None:
        """The job retry_captions."""
        decoded = self.tables.read("decoded_images", batch)
        _, captions = infer(decoded, self.kept.previews, self.engine, embed=False, caption=True)
        self._write("image_captions", batch, captions)
        self._put(batch)

    def _write(self, table: str, batch: str, rows: Any) -> Any:
        self.tables.write(table, batch, rows)
        return rows


@contextmanager
def _silently() -> Iterator[None]:
    """Thousands of ticks have a lot to tell."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


# For patch.object: looks come in portions of a few entries, so that a handful of files makes several.
WALK = (look, "walk", partial(walk, portion_size=PORTION))
