"""What a look at a root tells the ledger: which files are new, changed, settled, back, moved or missing.

Functions over one open transaction; the walk itself is scan.py's, and what is concluded from absence absences.py's. A
look comes in portions, each a transaction of its own, and remembers how far it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from resources.library import absences
from resources.library.database import below, chunks, set_by_id, upsert
from resources.library.path_changes import note_files
from resources.library.retries import NO_FAILURE
from resources.library.scan import FoundFile, Portion
from resources.library.schema import files, looks
from resources.library.sidecars import forget_applied, observe_sidecars

# A file is taken when its signature is the same on two looks at least this far apart.
SETTLE_S = 1.0

# A look that was last at work longer ago than this begins anew: too much may have changed behind it.
RESUMED_WITHIN_S = 3600.0

# The clocks of two machines may differ by so much; a date further ahead was written by a clock that was wrong.
CLOCKS_DIFFER_S = 300.0


@dataclass(frozen=True)
class Seen:
    """What a look found, in files. `settling` includes new and changed ones, `settled` are those that came to rest.

    `sidecars` are those new, changed or gone. `skipped` counts the entries that are no photos, by why.
    """

    new: int = 0
    changed: int = 0
    settling: int = 0
    settled: int = 0
    unchanged: int = 0
    back: int = 0
    moved: int = 0
    missing: int = 0
    sidecars: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Seen)))


@dataclass
class LookUnderWay:
    """A look at one root: when it began, which path it has come to, and what it has seen so far."""

    root: bytes
    device: int
    folder: str
    began_at: float
    after: bytes = b""
    found: int = 0
    ignored: int = 0


@dataclass
class _Difference:
    """What is to be written down after a portion, and how many files there is nothing to write about."""

    new: list[FoundFile] = field(default_factory=list)
    changed: list[tuple[int, FoundFile]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    dated_ahead: list[int] = field(default_factory=list)
    settling: int = 0
    unchanged: int = 0


class _KnownFile(NamedTuple):
    """A file as the ledger has it; a database's own row takes seven times as long to ask for a value."""

    id: int
    path: bytes
    signature: str
    state: str
    present: bool
    seen_at: float
    error_kind: str | None


def begin(
    connection: Connection, root: bytes, device: int, folder: str, now: float, *, anew: bool = False
) -> LookUnderWay:
    """Go on with the look that had to stop below the same folder, or begin one, in any case if `anew`."""
    row = connection.execute(select(looks).where(looks.c.root == root)).one_or_none()
    if row and not anew and _can_go_on(row, folder, now):
        return LookUnderWay(root, device, folder, row.began_at, row.after or b"", row.found_so_far, row.ignored_so_far)
    absences.forget_absent(connection, root)
    look = LookUnderWay(root, device, folder, now)
    _write_progress(connection, look, now)
    return look


def observe(connection: Connection, look: LookUnderWay, portion: Portion, began_at: float, now: float) -> Seen:
    """Compare a portion with what is known, and write down the difference.

    A file rests when this portion began at least SETTLE_S after an earlier one, with the same signature, was over.
    """
    others = _not_entered_roots(connection, look.root, portion)
    difference = _compare(portion, _known_files(connection, look.root, portion), others, began_at)
    _write_down(connection, look.root, difference, now)
    look.found += len(portion.found)
    look.ignored += portion.skipped.total()
    look.after = portion.until or look.after
    _write_progress(connection, look, now)
    return _seen(difference, portion, observe_sidecars(connection, look.root, portion))


def end(connection: Connection, look: LookUnderWay, now: float) -> tuple[Seen, str | None]:
    """Conclude what a look that has come to the root's end did not see; why nothing was taken for missing, if so."""
    row = connection.execute(select(looks).where(looks.c.root == look.root)).one()
    doubt = _doubt(look, row.device)
    absent = absences.conclude(connection, look.root, look.began_at, now, doubt=doubt, confirmed=bool(row.confirmed))
    done = {"looked_at": now, "ignored": look.ignored, "held": absent.held, "confirmed": False, "began_at": None}
    if absent.held is None:
        done["device"] = look.device
    connection.execute(update(looks).where(looks.c.root == look.root).values(done))
    return Seen(moved=absent.moved, missing=0 if absent.held else absent.missing), absent.held


def _can_go_on(row: Row[Any], folder: str, now: float) -> bool:
    if row.began_at is None or row.folder != folder:
        return False
    return bool(now - (row.went_on_at or row.began_at) < RESUMED_WITHIN_S)


def _doubt(look: LookUnderWay, known_device: int | None) -> str | None:
    if look.found == 0:
        return "there is not one photo below it"
    if known_device is not None and known_device != look.device:
        return "it lies on another file system than before"
    return None


def _known_files(connection: Connection, root: bytes, portion: Portion) -> Iterator[_KnownFile]:
    columns = [files.c[name] for name in _KnownFile._fields]
    statement = select(*columns).where(below(root, portion.after, portion.until))
    # A root may be lost as a whole, and then the one portion that is left spans all that is known.
    return map(_KnownFile._make, connection.execute(statement.execution_options(yield_per=10_000)))


def _not_entered_roots(connection: Connection, root: bytes, portion: Portion) -> list[bytes]:
    """The known roots below this one that lie where its walk does not go: only their own looks see their files."""
    left_out = tuple(folder + b"/" for folder in portion.not_entered)
    inner = connection.scalars(select(looks.c.root).where(looks.c.root != root)) if left_out else ()
    return [other for other in inner if (other + b"/").startswith(left_out)]


def _compare(portion: Portion, known: Iterable[_KnownFile], others: Iterable[bytes], began_at: float) -> _Difference:
    difference = _Difference()
    unseen = tuple(folder + b"/" for folder in (*portion.unreadable, *others))
    unknown = {file.path: file for file in portion.found}
    for row in known:
        file = unknown.pop(row.path, None)
        if file is not None:
            _judge(difference, file, row, began_at)
        # What lies below a folder that could not be listed, or is another look's, is not missed.
        elif row.present and not (row.path + b"/").startswith(unseen):
            difference.absent.append(row.id)
    difference.new = list(unknown.values())
    return difference


def _judge(difference: _Difference, file: FoundFile, row: _KnownFile, began_at: float) -> None:
    if not row.present:
        difference.back.append(row.id)
    returned_unread = not row.present and row.error_kind is not None
    if row.signature != file.signature or returned_unread:
        difference.changed.append((row.id, file))
    elif row.state != "settling":
        difference.unchanged += 1
    elif row.seen_at - began_at > CLOCKS_DIFFER_S:
        difference.dated_ahead.append(row.id)
        difference.settling += 1
    elif began_at - row.seen_at >= SETTLE_S:
        difference.settled.append(row.id)
    else:
        difference.settling += 1


def _write_down(connection: Connection, root: bytes, difference: _Difference, now: float) -> None:
    _write_new(connection, difference.new, now)
    _write_changed(connection, difference.changed, now)
    set_by_id(connection, difference.settled, state="settled")
    set_by_id(connection, difference.dated_ahead, seen_at=now)
    set_by_id(connection, difference.back, present=True)
    note_files(connection, difference.back, now)
    forget_applied(connection, [known_id for known_id, _ in difference.changed])
    absences.note_absent(connection, root, difference.absent)


def _write_new(connection: Connection, new: Sequence[FoundFile], now: float) -> None:
    for chunk in chunks(new):
        connection.execute(insert(files), [_stat(file) | _first_seen(file) | {"seen_at": now} for file in chunk])


def _first_seen(file: FoundFile) -> dict[str, Any]:
    display = file.path.decode("utf-8", "backslashreplace")
    return {"path": file.path, "display": display, "state": "settling", "present": True}


def _write_changed(connection: Connection, changed: Sequence[tuple[int, FoundFile]], now: float) -> None:
    statement = update(files).where(files.c.id == bindparam("known_id"))
    for chunk in chunks(changed):
        rows = [_stat(file) | {"known_id": known_id, "seen_at": now} for known_id, file in chunk]
        anew = {"state": "settling", "error_kind": None, "error_message": None} | NO_FAILURE
        connection.execute(statement.values(anew), rows)


def _stat(file: FoundFile) -> dict[str, Any]:
    return {"signature": file.signature, "size_bytes": file.size_bytes, "mtime_ns": file.mtime_ns}


def _write_progress(connection: Connection, look: LookUnderWay, now: float) -> None:
    so_far = {"began_at": look.began_at, "went_on_at": now, "after": look.after, "folder": look.folder}
    so_far |= {"found_so_far": look.found, "ignored_so_far": look.ignored}
    statement = upsert(connection, looks).values(root=look.root, ignored=0, **so_far)
    connection.execute(statement.on_conflict_do_update(index_elements=[looks.c.root], set_=so_far))


def _seen(difference: _Difference, portion: Portion, sidecars: int) -> Seen:
    new, changed = len(difference.new), len(difference.changed)
    return Seen(
        new=new,
        changed=changed,
        settling=difference.settling + new + changed,
        settled=len(difference.settled),
        unchanged=difference.unchanged,
        back=len(difference.back),
        sidecars=sidecars,
        skipped=portion.skipped,
    )
