"""A disk that is as good as full: an error in time, and not the end of the process; what is there stays readable."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import EngineFailure

from .samples import DIMENSIONS, OTHER_VERSION, VERSION, point, point_id

Usage = namedtuple("Usage", "total used free")


def test_nothing_is_written_to_a_disk_without_room_and_what_is_there_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedIndex(tmp_path) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [point(1)])
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 9 * 10**8, 10**8))
        for write in (
            lambda: index.upsert(VERSION, [point(2)]),
            lambda: index.set_payload(VERSION, {point_id(1): {"caption": "another"}}),
            lambda: index.delete(VERSION, [point_id(1)]),
            lambda: index.create_version(OTHER_VERSION, DIMENSIONS),
        ):
            with pytest.raises(EngineFailure, match=r"100 MB are free, .* Check the free space there"):
                write()
        assert index.versions() == [VERSION]
        assert [record.payload for record in index.scroll(VERSION)] == [point(1).payload]
        monkeypatch.undo()
        index.upsert(VERSION, [point(2)])
        assert index.count(VERSION) == 2
