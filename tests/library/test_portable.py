"""A ledger's copy: the same rows in either database, numbered on, all or nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from sqlalchemy import select

from resources.library.errors import UnreadableCopy
from resources.library.ledger import Ledger
from resources.library.schema import metadata

from .conftest import Shelf

Place = Callable[[], AbstractContextManager[Path | str]]


def rows(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    with ledger._reading.begin() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table)))) for table in metadata.sorted_tables}


@pytest.fixture
def filled(shelf: Shelf) -> Shelf:
    """A shelf with photos of difficult names and contents, a failure, and a file that is gone."""
    for number, name in enumerate(["a.jpg", "ü ☃.jpg", "sub/b\\n.jpg", "gone.jpg"]):
        shelf.put(name, b"photo" * (number + 1))
    (shelf.root / "not\udcff utf-8.jpg").write_bytes(b"of an old disk")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(rows[0]["photo_id"]): "corrupt"})
    (shelf.root / "gone.jpg").unlink()
    shelf.look()
    return shelf


def moved(ledger: Ledger, other: Ledger, folder: Path) -> None:
    folder.mkdir()
    ledger.write_copy(folder)
    other.empty()
    assert other.is_empty() and not ledger.is_empty()
    other.read_copy(folder)
    assert rows(other) == rows(ledger) and sum(map(len, rows(other).values())) > 15


def test_a_copy_goes_into_another_database_and_back_and_files_are_numbered_on(
    filled: Shelf, empty_place: Place, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "other.sqlite") as other, empty_place() as place, Ledger(place) as back:
        moved(filled.ledger, other, tmp_path / "there")
        moved(other, back, tmp_path / "back")
        filled.ledger = back
        filled.put("new.jpg", b"a photo after the restore")
        assert len(filled.run(filled.cut_one())) == 1


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def lose(path: Path) -> None:
    path.unlink()


def add_a_column(path: Path) -> None:
    parquet.write_table(parquet.read_table(path).append_column("mood", pa.array(["good"])), path)


def double(path: Path) -> None:
    table = parquet.read_table(path)
    parquet.write_table(pa.concat_tables([table, table]), path)


@pytest.mark.parametrize("harm", [damage, lose, add_a_column, double])
def test_an_unreadable_copy_leaves_the_ledger_as_it_was(
    filled: Shelf, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    (folder := tmp_path / "copy").mkdir()
    filled.ledger.write_copy(folder)
    harm(folder / "photos.parquet") if harm is not add_a_column else harm(folder / "looks.parquet")
    before = rows(filled.ledger)
    with pytest.raises(UnreadableCopy, match=r"is no table of a ledger: .+\. Use"):
        filled.ledger.read_copy(folder)
    assert rows(filled.ledger) == before


def test_a_copy_of_an_earlier_version_lacks_columns(filled: Shelf, tmp_path: Path) -> None:
    (folder := tmp_path / "copy").mkdir()
    filled.ledger.write_copy(folder)
    path = folder / "photos.parquet"
    parquet.write_table(parquet.read_table(path).drop_columns(["removed_at"]), path)
    before = rows(filled.ledger)
    filled.ledger.read_copy(folder)
    assert rows(filled.ledger) == before
