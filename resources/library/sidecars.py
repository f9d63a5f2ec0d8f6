"""Sidecars: which photos' metadata is behind what lies beside them, and reading that.

Functions over one open transaction, and `read_sidecar`. What is applied is written down as the signature of what was
read, so a sidecar that changes meanwhile is due again and nothing is lost.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from resources.library.database import below, chunks, upsert
from resources.library.held import outside_held_roots
from resources.library.scan import FoundSidecar, Portion, signature
from resources.library.schema import batches, files, photos, sidecars
from resources.library.tokens import tokens_by_batch
from resources.opening import opened

# Editing histories with painted masks reach a few megabytes; more is no sidecar.
MAX_SIDECAR_BYTES = 16 << 20


@dataclass(frozen=True)
class KnownSidecar:
    """A sidecar of one of a photo's files; `signature` is None once it is gone."""

    file_id: int
    path: bytes
    signature: str | None


def observe_sidecars(connection: Connection, root: bytes, portion: Portion) -> int:
    """Write down which sidecars a portion of a look saw new, changed or gone, and return how many those are.

    The files of the portion must be known already.
    """
    found = {file.path: file.sidecar for file in portion.found if file.sidecar}
    known = {row.photo_path: row for row in _known(connection, root, portion)}
    lost = {path for path, row in known.items() if row.signature is not None} - found.keys()
    # A photo that was not seen, in a folder that could not be listed, says nothing of its sidecar.
    gone = [known[file.path].file_id for file in portion.found if file.path in lost] if lost else []
    other = {path: sidecar for path, sidecar in found.items() if _differs(sidecar, known.get(path))}
    _write(connection, other)
    _set(connection, gone, signature=None)
    return len(gone) + len(other)


def forget_applied(connection: Connection, file_ids: Sequence[int]) -> None:
    """Let the sidecars of files whose bytes changed be applied again: those may be another photo's bytes now."""
    _set(connection, file_ids, applied=None)


def due_batches(connection: Connection) -> dict[str, str]:
    """The done batches that own photos whose sidecars are not applied, each with a token of what is to be applied.

    What lies on a disk that is away waits for it.
    """
    statement = (
        select(photos.c.batch, sidecars.c.file_id, sidecars.c.signature)
        .select_from(sidecars.join(files, files.c.id == sidecars.c.file_id))
        .join(photos, photos.c.photo_id == files.c.photo_id)
        .join(batches, batches.c.key == photos.c.batch)
        .where(sidecars.c.signature.is_distinct_from(sidecars.c.applied))
        .where(batches.c.state == "done", photos.c.status == "ok", files.c.present)
        .where(outside_held_roots(connection))
        .order_by(photos.c.batch, sidecars.c.file_id)
    )
    return tokens_by_batch(connection.execute(statement))


def sidecars_of(connection: Connection, photo_ids: Sequence[str]) -> dict[str, list[KnownSidecar]]:
    """The sidecars of each photo's present files, in path order; photos without any are left out."""
    of_photo: dict[str, list[KnownSidecar]] = {}
    columns = (files.c.photo_id, sidecars.c.file_id, sidecars.c.path, sidecars.c.signature)
    statement = select(*columns).select_from(files.join(sidecars, files.c.id == sidecars.c.file_id))
    for chunk in chunks(photo_ids):
        wanted = statement.where(files.c.photo_id.in_(chunk), files.c.present).order_by(files.c.path)
        for row in connection.execute(wanted):
            of_photo.setdefault(row.photo_id, []).append(KnownSidecar(row.file_id, row.path, row.signature))
    return of_photo


def apply(connection: Connection, batch: str, read: Iterable[tuple[int, str | None]]) -> None:
    """Write down which sidecars, by their files' ids, the batch's metadata has now, and with which signatures.

    What it lacks, as of a file that was away, has to be applied again.
    """
    holding = select(files.c.id).join(photos, photos.c.photo_id == files.c.photo_id).where(photos.c.batch == batch)
    mine = sidecars.c.file_id.in_(holding)
    connection.execute(update(sidecars).where(mine).values(applied=None))
    rows = [{"described": file_id, "read": signature_read} for file_id, signature_read in read]
    if rows:
        statement = update(sidecars).where(mine, sidecars.c.file_id == bindparam("described"))
        connection.execute(statement.values(applied=bindparam("read")), rows)
    connection.execute(delete(sidecars).where(mine, sidecars.c.signature.is_(None), sidecars.c.applied.is_(None)))


def read_sidecar(sidecar: KnownSidecar) -> tuple[bytes, str | None]:
    """The content, empty where there is none to be had, and the signature of what was read.

    One that cannot be read now, as on a disk that is away, has no signature: it is still to be applied.
    """
    if sidecar.signature is None:
        return b"", None
    try:
        with opened(sidecar.path) as file:
            content = file.read(MAX_SIDECAR_BYTES + 1)
            read = signature(os.fstat(file.fileno()))
    except OSError:
        return b"", None
    return (content if len(content) <= MAX_SIDECAR_BYTES else b""), read


def _known(connection: Connection, root: bytes, portion: Portion) -> Iterable[Row[Any]]:
    columns = (sidecars.c.file_id, sidecars.c.path, sidecars.c.signature, files.c.path.label("photo_path"))
    statement = select(*columns).select_from(sidecars.join(files, files.c.id == sidecars.c.file_id))
    return connection.execute(statement.where(below(root, portion.after, portion.until)))


def _differs(found: FoundSidecar, known: Row[Any] | None) -> bool:
    return known is None or (known.path, known.signature) != (found.path, found.signature)


def _write(connection: Connection, found: dict[bytes, FoundSidecar]) -> None:
    for chunk in chunks(sorted(found)):
        ids = connection.execute(select(files.c.id, files.c.path).where(files.c.path.in_(chunk)))
        rows = [_row(file_id, found[path]) for file_id, path in ids]
        statement = upsert(connection, sidecars)
        new = {"path": statement.excluded.path, "signature": statement.excluded.signature}
        connection.execute(statement.on_conflict_do_update(index_elements=[sidecars.c.file_id], set_=new), rows)


def _row(file_id: int, found: FoundSidecar) -> dict[str, Any]:
    return {"file_id": file_id, "path": found.path, "signature": found.signature}


def _set(connection: Connection, file_ids: Sequence[int], **values: Any) -> None:
    for chunk in chunks(file_ids):
        connection.execute(update(sidecars).where(sidecars.c.file_id.in_(chunk)).values(**values))
