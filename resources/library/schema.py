"""The ledger's tables, as SQLAlchemy Core.

Only the shape: what is read and written stands in ledger.py. Paths are bytes with a display text beside them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

from resources.library.path_index import each_once, head

metadata = MetaData()

# Conditions of indexes, so that a look which finds nothing due costs nothing.
_IS_PLANNED = text("next_try_at IS NOT NULL")
_HAS_FAILED = text("status = 'failed'")
_IS_OFFLINE = text("offline_since IS NOT NULL")
_WAS_REMOVED = text("removed_at IS NOT NULL")


class Told(TypeDecorator[str]):
    """Text that may quote what a file holds: characters that a database refuses are written as escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """NUL, and halves of characters."""
        return value and value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, comment="absolute, so that roots may overlap"),
    Column("display", Text, nullable=False, comment="the path for a person to read"),
    Column("signature", Text, nullable=False, comment="inode:size:mtime_ns:ctime_ns"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="settling, settled, batched or done"),
    Column("present", Boolean, nullable=False, comment="seen by the latest complete look at its root"),
    Column("seen_at", Float, nullable=False, comment="Unix seconds of the look that saw this signature first"),
    Column("batch", Text, comment="the latest batch this file was cut into"),
    Column("photo_id", Text, comment="the photo its bytes hold, once identified"),
    Column("error_kind", Text, comment="why it could not be identified"),
    Column("error_message", Told),
    Column("attempts", Integer, comment="how often in a row it could not be identified"),
    Column("next_try_at", Float, comment="Unix seconds; null where no other try is planned"),
    *each_once("path"),
    Index("files_by_photo", "photo_id"),
    Index("files_by_batch", "batch"),
    Index("files_by_next_try", "next_try_at", sqlite_where=_IS_PLANNED, postgresql_where=_IS_PLANNED),
)
Index("files_by_state_and_path", files.c.state, head(files.c.path))
# SQLite has the index of its unique paths.
Index("files_by_path", head(files.c.path), info={"dialect": "postgresql"}).ddl_if(dialect="postgresql")

sidecars = Table(
    "sidecars",
    metadata,
    Column("file_id", Integer, primary_key=True, comment="the photo file that it describes"),
    Column("path", LargeBinary, nullable=False, comment="absolute"),
    Column("signature", Text, comment="as the latest look saw it; null once it is gone"),
    Column("applied", Text, comment="the signature whose content the collection has; null before the first"),
)

photos = Table(
    "photos",
    metadata,
    Column("photo_id", Text, primary_key=True),
    Column("batch", Text, nullable=False, comment="the batch that decodes and infers it"),
    Column("status", Text, nullable=False, comment="claimed, ok, failed or removed"),
    Column("error_kind", Text),
    Column("error_message", Told),
    Column("attempts", Integer, nullable=False, default=0, comment="how often in a row it failed"),
    Column("next_try_at", Float, comment="Unix seconds; null where no other try is planned"),
    Column("failed_by", Text, comment="the decoder under which it failed first, or was last let go for another try"),
    Column("offline_since", Float, comment="Unix seconds since which no present file holds it"),
    Column("removed_at", Float, comment="Unix seconds at which its points were found gone or deleted, the last time"),
    Index("photos_by_batch", "batch"),
    Index("offline_photos", "offline_since", sqlite_where=_IS_OFFLINE, postgresql_where=_IS_OFFLINE),
    Index("removed_photos", "removed_at", sqlite_where=_WAS_REMOVED, postgresql_where=_WAS_REMOVED),
    Index("photos_by_next_try", "next_try_at", sqlite_where=_IS_PLANNED, postgresql_where=_IS_PLANNED),
    Index("failed_photos", "photo_id", sqlite_where=_HAS_FAILED, postgresql_where=_HAS_FAILED),
)

kills = Table(
    "kills",
    metadata,
    Column("photo_id", Text, primary_key=True),
    Column("decoder", Text, nullable=False, comment="policy and library versions that were killed by it"),
    Column("times", Integer, nullable=False),
    Column("error_kind", Text, nullable=False, comment="of the latest"),
)

batches = Table(
    "batches",
    metadata,
    Column("key", Text, primary_key=True),
    Column("created_at", Float, nullable=False, comment="Unix seconds"),
    Column("state", Text, nullable=False, comment="planned or done"),
    Column("size", Integer, nullable=False, comment="files"),
    Column("begun", Integer, comment="runs that have claimed its photos since one ended it"),
)

batch_members = Table(
    "batch_members",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file_id", Integer, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("signature", Text, nullable=False, comment="what the file was when the batch was cut"),
)

batch_provenance = Table(
    "batch_provenance",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("asset", Text, primary_key=True, comment="the asset whose table went into the batch's points"),
    Column("provenance", Text, nullable=False, comment="what that was made by, as JSON"),
)

looks = Table(
    "looks",
    metadata,
    Column("root", LargeBinary, primary_key=True),
    Column("looked_at", Float, comment="Unix seconds at which the latest complete look ended"),
    Column("ignored", Integer, nullable=False, comment="entries that are no photos, in the latest complete look"),
    Column("device", BigInteger, comment="the file system that the root lay on then"),
    Column("held", Text, comment="why nothing below the root is taken for missing; null where it may be"),
    Column("confirmed", Boolean, comment="a person said that what is missing is gone"),
    Column("told_held", Boolean, comment="the collection's check has told that the root is held"),
    Column("began_at", Float, comment="Unix seconds at which the look under way began; null where none is"),
    Column("went_on_at", Float, comment="Unix seconds at which the look under way was last at work"),
    Column("folder", Text, comment="the folder that the look under way goes through: its device and inode"),
    Column("after", LargeBinary, comment="the path that the look under way has come to"),
    Column("found_so_far", Integer, comment="photo files that the look under way has seen"),
    Column("ignored_so_far", Integer),
)

absences = Table(
    "absences",
    metadata,
    Column("root", LargeBinary, primary_key=True),
    Column("file_id", Integer, primary_key=True, comment="known below the root, and not seen by the look under way"),
)

audits = Table(
    "audits",
    metadata,
    Column("file_id", Integer, primary_key=True),
    Column("audited_at", Float, nullable=False, comment="Unix seconds at which the file was last read again"),
    Column("signature", Text, nullable=False, comment="what the file's was then"),
    Column("verdict", Text, nullable=False, comment="what came of it; audit.py names the verdicts"),
    Column("message", Text),
)

path_changes = Table(
    "path_changes",
    metadata,
    Column("photo_id", Text, primary_key=True, comment="its paths in the collection are behind the ledger's"),
    Column("changed_at", Float, nullable=False, comment="Unix seconds of the latest change"),
    Index("path_changes_by_time", "changed_at"),
)

collection_versions = Table(
    "collection_versions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("model", Text, nullable=False, comment="checkpoint, as provenance names it"),
    Column("revision", Text, nullable=False, comment="its commit or a hash of its content"),
    Column("preprocessing", Text, nullable=False),
    Column("dimensions", Integer, nullable=False),
    Column("folder", Text, comment="where the checkpoint lay that no hub and not the package has"),
    Column("wanted_at", Float, comment="Unix seconds at which it was last the version of the settings' model"),
    Column("left_at", Float, comment="Unix seconds at which another was searched instead"),
    Column("left_by_hand", Boolean, nullable=False, comment="a person chose that other"),
)
