"""One shelf: a folder of photos with its ledger, and a clock that a test moves."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from photo_assets.steps.files import identify_files
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.library.look import Looked, look_over
from resources.library.looking import Seen
from tests.postgres import Postgres

Row = dict[str, object]


@dataclass
class Shelf:
    """`root` holds photos, `ledger` knows them. Every look is ten seconds after the one before."""

    root: Path
    ledger: Ledger
    clock: float = 1_000.0

    def put(self, name: str, content: bytes) -> Path:
        """Write a file. Another length for another content keeps its signature apart on a coarse clock."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def look(self, root: Path | None = None, *, after_s: float = 10.0) -> Seen:
        """Look at the root once, as a person does who knows of what is missing and says so."""
        looked = self.look_guarded(root, after_s=after_s)
        if looked.held is None:
            return looked.seen
        self.ledger.confirm_missing(bytes(root or self.root))
        confirmed = look_over(self.ledger, root or self.root, now=self.clock).seen
        return replace(looked.seen, missing=confirmed.missing)

    def look_guarded(self, root: Path | None = None, *, after_s: float = 10.0) -> Looked:
        """Look at the root once, with nobody there to say that what is missing is gone."""
        self.clock += after_s
        return look_over(self.ledger, root or self.root, now=self.clock)

    def take_away(self, folder: str) -> Path:
        """Unmount a folder: its files are not there, and will be the same when it is put back."""
        away = self.root.with_name("away")
        (self.root / folder).rename(away)
        return away

    def cut(self, size: int = 256) -> list[str]:
        """Look twice and cut what is at rest."""
        self.look()
        self.look()
        return self.ledger.cut_batches(size)

    def cut_one(self) -> str:
        """Look twice and cut what is at rest, which must fit one batch."""
        (batch,) = self.cut()
        return batch

    def identify(self, batch: str) -> list[Row]:
        """The rows of photo_files."""
        return identify_files(self.ledger, batch, now=self.clock)

    def finish(self, batch: str, rows: list[Row], kinds: dict[str, str] | None = None) -> None:
        """Finish the batch; `kinds` names the photos that failed and why."""
        brought = [str(row["photo_id"]) for row in rows if row["status"] == "ok"]
        self.ledger.finish_batch(
            batch, [outcome(photo_id, (kinds or {}).get(photo_id)) for photo_id in brought], now=self.clock
        )

    def run(self, batch: str) -> list[Row]:
        """Identify and finish, every photo ok."""
        rows = self.identify(batch)
        self.finish(batch, rows)
        return rows

    def paths(self, batch: str) -> list[Path]:
        """The files of a batch."""
        return [Path(member.path.decode()) for member in self.ledger.members(batch)]


def outcome(photo_id: str, kind: str | None = None) -> Outcome:
    """How a photo ended: ok, or failed of this kind."""
    if kind is None:
        return Outcome(photo_id, "ok")
    return Outcome(photo_id, "failed", kind, f"it is {kind}")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AbstractContextManager[Path | str]]:
    """A place for a ledger, another in each context: a file, and then a schema of a PostgreSQL database."""
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        return postgres.empty_place
    numbers = count()
    return lambda: nullcontext(tmp_path / f"ledger-{next(numbers)}.sqlite")


@pytest.fixture
def place(empty_place: Callable[[], AbstractContextManager[Path | str]]) -> Iterator[Path | str]:
    """Where the shelf's ledger lies, for whoever opens it too."""
    with empty_place() as place:
        yield place


@pytest.fixture
def shelf(tmp_path: Path, place: Path | str) -> Iterator[Shelf]:
    root = tmp_path / "photos"
    root.mkdir()
    with Ledger(place) as ledger:
        yield Shelf(root, ledger)
