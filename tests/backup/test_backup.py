"""A backup is whole or not there, holds what is new once, and comes back as it was; nothing else is believed."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from photo_assets.backing_up import back_up
from photo_assets.ingest_lock import IngestRunning, only_ingest
from photo_assets.restoring import check, restore
from photo_assets.settings import load_settings
from resources.backup.errors import BackupDamaged, BackupUnderWay, BackupUnwritable, NoBackup, NoRoom, TargetNotEmpty
from resources.backup.manifest import Entry, Writer, read_entries
from resources.backup.vault import Vault
from resources.library.ledger import Ledger
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import DamagedSnapshot
from resources.vectors.server import ServerIndex
from tests.conftest import fingerprints
from tests.vectors.qdrant_stand_in import StandIn
from tests.vectors.samples import DIMENSIONS, OTHER_VERSION, VERSION, point

from .conftest import State


def lose(state: State) -> None:
    shutil.rmtree(state.data)


def objects(vault: Path) -> list[Path]:
    return [path for path in vault.glob("objects/*/*") if path.is_file()]


def test_all_state_comes_back_after_it_was_lost(state: State, vault: Path) -> None:
    before = state.seen()
    made = back_up(state.settings, vault)
    assert made.files == made.copied == len(list(read_entries(made.manifest)))
    lose(state)

    restored = restore(state.settings, vault)

    assert (restored.files, restored.changed) == (made.files, {})
    assert state.seen() == before, "times of files too, so that the next backup copies nothing of them"
    assert not (state.data / "restoring").exists()
    state.grow("three.jpg", 3)


def test_a_second_backup_copies_only_what_is_new(state: State, vault: Path) -> None:
    first = back_up(state.settings, vault)
    state.grow("three.jpg", 3)
    second = back_up(state.settings, vault)
    made_anew = sum(entry.path.startswith(("ledger/", "collection/")) for entry in read_entries(second.manifest))
    # Two tables, a preview, a thumbnail.
    assert (second.files, second.copied) == (first.files + 4, made_anew + 4)


def test_a_preview_that_was_made_again_is_copied_again(state: State, vault: Path) -> None:
    back_up(state.settings, vault)
    (changed,) = [path for path in state.data.glob("previews/previews/*/*/*.jpg") if b"one" in path.read_bytes()]
    changed.write_bytes(changed.read_bytes().replace(b"one", b"eno"))
    before = state.seen()
    back_up(state.settings, vault)
    restore(state.settings, vault, force=True)
    assert state.seen() == before


def test_an_earlier_backup_comes_back_too(state: State, vault: Path, tmp_path: Path) -> None:
    before = state.seen()
    earlier = tmp_path / "earlier.jsonl"
    back_up(state.settings, vault).manifest.rename(earlier)
    state.grow("three.jpg", 3)
    back_up(state.settings, vault)
    earlier.rename(vault / "backups" / "20200101T000000.jsonl")

    restore(state.settings, vault / "backups" / "20200101T000000.jsonl", force=True)

    assert state.seen() == before


def test_previews_can_be_left_out(state: State, vault: Path) -> None:
    back_up(state.settings, vault, with_previews=False)
    lose(state)
    restore(state.settings, vault)
    assert list(state.data.glob("tables/*/*")) and not list(state.data.glob("previews/*"))


def test_a_backup_that_broke_off_is_not_there_and_leaves_nothing(
    state: State, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Writer, "end", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            back_up(state.settings, vault)
    with pytest.raises(NoBackup):
        restore(state.settings, vault, force=True)
    killed = vault / "unfinished" / "manifest"  # what a kill leaves where an exception does not
    killed.parent.mkdir(exist_ok=True)
    killed.write_bytes(b"{}")

    made = back_up(state.settings, vault)

    assert Vault(vault).backups() == [made.manifest] and not killed.exists()
    assert check(vault).files == made.files


def test_what_a_killed_backup_tore_is_written_again(state: State, vault: Path) -> None:
    made = back_up(state.settings, vault)
    torn = [entry for entry in read_entries(made.manifest) if entry.path.startswith("previews/")]
    made.manifest.unlink()
    for entry in torn:
        (vault / "objects" / entry.sha256[:2] / entry.sha256).write_bytes(b"torn".ljust(entry.size_bytes))
    assert check(back_up(state.settings, vault).manifest).files == made.files


def test_what_others_do_during_a_backup_is_done_again_after_the_restore(
    state: State, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = EmbeddedIndex.versions
    late: list[str] = []

    def versions(index: EmbeddedIndex) -> list[str]:
        late.append(state.grow("late.jpg", 4))
        return honest(index)

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddedIndex, "versions", versions)
        back_up(state.settings, vault)
    restore(state.settings, vault, force=True)

    assert (state.data / "tables" / "photo_files" / f"{late[0]}.parquet").exists()
    with Ledger(state.data / "ledger.sqlite") as ledger:
        assert ledger.counts()["files"] == 2, "the ledger knows of nothing that a backup may not have"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path: Path) -> None:
    path.rename(path.with_suffix(".elsewhere"))
    path.symlink_to(path.with_suffix(".elsewhere"))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


HARMS: dict[str, Callable[[Path], Any]] = {
    "a flipped bit": flip,
    "a lost file": Path.unlink,
    "a cut file": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a longer file": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "a link": link,
    "a pipe": pipe,
}


def test_a_damaged_backup_is_refused_before_anything_is_touched(state: State, vault: Path) -> None:
    before = state.seen()
    last = list(read_entries(back_up(state.settings, vault).manifest))[-1]
    path = vault / "objects" / last.sha256[:2] / last.sha256
    content = path.read_bytes()
    for name, harm in HARMS.items():
        harm(path)
        with pytest.raises(BackupDamaged, match=last.path):
            check(vault)
        with pytest.raises(BackupDamaged, match="Nothing was restored"):
            restore(state.settings, vault, force=True)
        assert state.seen() == before, name
        path.unlink(missing_ok=True)
        path.write_bytes(content)
    assert check(vault).files


@pytest.mark.parametrize("line", [0, 2, -1])
def test_a_changed_manifest_is_refused(state: State, vault: Path, line: int) -> None:
    manifest = back_up(state.settings, vault).manifest
    whole = manifest.read_bytes().splitlines(keepends=True)
    for changed in ([*whole[:line], *whole[line:][1:]], whole[:-3], [], whole * 2):
        manifest.write_bytes(b"".join(changed))
        with pytest.raises(BackupDamaged):
            check(vault)
    assert back_up(state.settings, vault).files == len(whole) - 2, "a damaged backup does not keep from the next"


SHA256 = "0" * 64
HOSTILE = {
    "up": Entry("tables/../../../etc/cron.d/x", SHA256, 1, 1),
    "dots": Entry("tables/..", SHA256, 1, 1),
    "absolute": Entry("/etc/passwd", SHA256, 1, 1),
    "elsewhere": Entry("dagster/dagster.yaml", SHA256, 1, 1),
    "hidden": Entry("tables/.x/y", SHA256, 1, 1),
    "backslash": Entry("tables\\x", SHA256, 1, 1),
    "newline": Entry("tables/x\n", SHA256, 1, 1),
    "digest that is a path": Entry("tables/x", "../../../../etc/passwd", 1, 1),
    "negative size": Entry("tables/x", SHA256, -1, 1),
    "no number": Entry("tables/x", SHA256, True, 1),
    "no text": Entry(["tables"], SHA256, 1, 1),  # type: ignore[arg-type]
}


def forged(vault: Path, *entries: Any, header: Any = None) -> Path:
    (vault / "backups").mkdir(parents=True)
    manifest = vault / "backups" / "20260101T000000.jsonl"
    with manifest.open("wb") as file:
        writer = Writer(file, header or {"active": None})
        for entry in entries:
            writer.add(entry)
        writer.end()
    return manifest


def test_a_hostile_manifest_writes_nowhere(state: State, tmp_path: Path) -> None:
    for name, entry in HOSTILE.items():
        vault = tmp_path / name
        forged(vault, entry)
        before = fingerprints(tmp_path)
        with pytest.raises(BackupDamaged):
            restore(state.settings, vault, force=True)
        (state.data / "ingest.lock").unlink()
        assert fingerprints(tmp_path) == before, name


def test_a_manifest_that_lies_about_order_format_or_room_is_refused(state: State, vault: Path, tmp_path: Path) -> None:
    entry = Entry("tables/x", SHA256, 1, 1)
    forged(vault, replace(entry, path="tables/y"), entry)
    with pytest.raises(BackupDamaged, match="out of order"):
        list(read_entries(vault / "backups" / "20260101T000000.jsonl"))
    forged(tmp_path / "later", header={"format": 2})
    with pytest.raises(BackupDamaged, match="its format is 2"):
        check(tmp_path / "later")
    forged(tmp_path / "vast", Entry("tables/x", SHA256, 2**62, 1))
    with pytest.raises(NoRoom, match="Make room"):
        restore(state.settings, tmp_path / "vast", force=True)
    (deep := tmp_path / "deep" / "backups" / "1.jsonl").parent.mkdir(parents=True)
    deep.write_bytes(b"[" * 90_000 + b"\n" + b'{"a":' * 90_000)
    with pytest.raises(BackupDamaged, match="no manifest"):
        check(tmp_path / "deep")


def test_a_hostile_archive_of_the_collection_is_refused_before_anything_is_touched(state: State, vault: Path) -> None:
    before = state.seen()
    with Vault(vault).writing() as unfinished:
        (archive := unfinished / "v.tar.gz").write_bytes(b"no archive at all")
        with Ledger(state.data / "ledger.sqlite") as ledger:
            tables = [Vault(vault).take(path, f"ledger/{path.name}") for path in sorted(ledger.write_copy(unfinished))]
        forged(vault, Vault(vault).take(archive, "collection/v.tar.gz"), *tables)
    with pytest.raises(DamagedSnapshot):
        restore(state.settings, vault, force=True)
    assert state.seen() == before


def test_state_that_is_there_is_replaced_only_by_force(state: State, vault: Path) -> None:
    before = state.seen()
    back_up(state.settings, vault)
    state.grow("three.jpg", 3)
    with EmbeddedIndex(state.data / "collection") as index:
        index.create_version("another", 4)
    with pytest.raises(TargetNotEmpty, match=r"ledger, previews, tables, collection.*--force"):
        restore(state.settings, vault)
    restore(state.settings, vault, force=True)
    assert state.seen() == before


def test_a_restore_and_an_ingest_keep_out_of_each_others_way(state: State, vault: Path) -> None:
    back_up(state.settings, vault)
    with only_ingest(state.data), pytest.raises(IngestRunning):
        restore(state.settings, vault, force=True)


def test_only_the_latest_backups_are_kept_and_what_they_need(state: State, vault: Path) -> None:
    back_up(state.settings, vault).manifest.rename(vault / "backups" / "20200101T000000.jsonl")
    back_up(state.settings, vault).manifest.rename(vault / "backups" / "20210101T000000.jsonl")
    next(state.data.glob("tables/decoded_images/*")).unlink()
    last = back_up(state.settings, vault, keep=1)
    assert Vault(vault).backups() == [last.manifest]
    assert len(objects(vault)) == len({entry.sha256 for entry in read_entries(last.manifest)})
    assert check(vault).files == last.files


def test_a_backup_is_made_only_where_it_can_be_one(state: State, vault: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.odt").write_text("")
    (tmp_path / "file").write_text("")
    (root,) = state.settings.library_roots
    for place in (state.data / "backup", root / "backup", tmp_path / "full", tmp_path / "file"):
        with pytest.raises(BackupUnwritable, match=r"no backup was made in .*name another folder"):
            back_up(state.settings, place)
    assert {path.name for path in root.iterdir()} == {"one.jpg", "two.jpg"}
    with Vault(vault).writing(), pytest.raises(BackupUnderWay):
        back_up(state.settings, vault)


def test_a_backup_tells_of_settings_and_of_no_secret(
    state: State, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "swordfish")
    header = json.loads(back_up(load_settings(), vault).manifest.read_text().splitlines()[0])
    assert header["settings"]["photo_models"] == "small" and "swordfish" not in str(header)
    assert not {"qdrant_api_key", "photo_ledger_url", "photo_search_token", "inference_token"} & set(header["settings"])

    now = state.settings.model_copy(update={"photo_batch_size": 100})
    assert restore(now, vault, force=True).changed == {"photo_batch_size": 4}


def held(index: ServerIndex) -> dict[str, Any]:
    """All that a Qdrant server holds of the library: its versions, which is searched, every point and vector."""
    held: dict[str, Any] = {"active": index.active_version()}
    for version in index.versions():
        records = list(index.scroll(version))
        vectors = index.vectors(version, [record.point_id for record in records])
        held[version] = [(record, vectors[record.point_id].tolist()) for record in records]
    return held


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_the_collection_of_a_server_comes_back_to_it_and_to_another_one(
    state: State, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "key")
    with StandIn(api_key="key") as server, ServerIndex(server.url, "key") as index:
        monkeypatch.setenv("QDRANT_URL", server.url)
        for version, numbers in ((VERSION, range(5)), (OTHER_VERSION, range(3, 7))):
            index.create_version(version, DIMENSIONS)
            index.upsert(version, [point(number) for number in numbers])
        index.switch_alias(VERSION)
        before = held(index)
        made = back_up(load_settings(), vault)
        kept = [entry.path for entry in read_entries(made.manifest) if entry.path.startswith("collection/")]
        assert kept == [f"collection/{VERSION}.snapshot", f"collection/{OTHER_VERSION}.snapshot"]
        assert server.collections.answer("GET", f"/collections/{VERSION}/snapshots", {}, b"") == []

        index.delete(VERSION, [point(1).point_id])
        index.create_version("tiny-clip-8-000000000000", DIMENSIONS)
        index.switch_alias(OTHER_VERSION)
        restore(load_settings(), vault, force=True)
        assert held(index) == before

    lose(state)
    with StandIn(api_key="key") as another, ServerIndex(another.url, "key") as index:
        monkeypatch.setenv("QDRANT_URL", another.url)
        restore(load_settings(), vault)
        assert held(index) == before
