"""Another embedding model from beginning to end: searches go on, and the step can be taken back."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from photo_assets.cli import app
from photo_assets.finding import open_searcher
from photo_assets.instance import open_instance
from photo_assets.refreshing import refresh
from photo_assets.search.query import Query
from photo_assets.settings import Settings, load_settings
from photo_assets.versioning import VersionError, open_versions
from resources.decoding.pool import DecodingPool
from resources.errors import PhotoPlatformError
from resources.inference.checkpoints import SMALL_MODELS
from tests.conftest import write_photo

from .test_ingest import ingest_now


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small CLIP with random weights, as somebody's own checkpoint."""
    import torch
    from transformers import CLIPModel

    folder = Path(shutil.copytree(SMALL_MODELS / "clip", tmp_path_factory.mktemp("models") / "other-clip"))
    torch.manual_seed(1)
    CLIPModel(CLIPModel.from_pretrained(folder).config).save_pretrained(folder)
    return folder


def photos(*arguments: str) -> Any:
    """What `photos collection ...` prints, read as JSON where it is that. Raises what it raises."""
    result = CliRunner().invoke(app, ["collection", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def found(settings: Settings) -> set[str]:
    """The names of all photos that a search finds."""
    with open_searcher(settings) as searcher:
        return {Path(hit.paths[0]).name for hit in searcher.find(Query("a lake", limit=100))}


def collection_metadata(settings: Settings) -> dict[str, Any]:
    """What photo_collection told the last time."""
    import dagster as dg

    with open_instance(settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("photo_collection"))
    assert event is not None and event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@contextmanager
def changed_point(settings: Settings, part: str) -> Iterator[None]:
    """A point that says something else meanwhile."""
    with open_versions(settings) as versions:
        name = next(name for name in versions.index.versions() if part in name)
        record = next(versions.index.scroll(name))
        versions.index.set_payload(name, {record.point_id: {"caption": "a lie"}})
    yield
    with open_versions(settings) as versions:
        versions.index.set_payload(name, {record.point_id: {"caption": record.payload["caption"]}})


def lose_a_photo(settings: Settings, part: str) -> None:
    """As if it had come after this version was left."""
    with open_versions(settings) as versions:
        name = next(name for name in versions.index.versions() if part in name)
        record = next(versions.index.scroll(name))
        versions.index.delete(name, [record.point_id])


def states() -> dict[str, tuple[int, int, str]]:
    return {row["model"]: (row["photos"], row["missing"], row["state"]) for row in photos("list", "--json")}


def test_a_new_model_is_built_beside_the_old_compared_searched_and_rolled_back(
    settings: Settings, other_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (root,) = settings.library_roots
    for number in range(3):
        write_photo(root / f"{number}.jpg", seed=number)
    ingest_now(settings)
    with pytest.raises(VersionError, match="no version to go back to"):
        photos("rollback")

    monkeypatch.setenv("PHOTO_CLIP_MODEL", str(other_model))
    changed = load_settings()
    assert found(changed) == {"0.jpg", "1.jpg", "2.jpg"}, "by the model that made what is searched"
    write_photo(root / "during.jpg", seed=11)
    ingest_now(changed)
    assert found(changed) == {"0.jpg", "1.jpg", "2.jpg", "during.jpg"}
    assert collection_metadata(changed)["caught_up"] == 1
    assert states() == {"small-clip": (4, 0, "searched"), "other-clip": (1, 3, "being made")}
    with pytest.raises(
        VersionError, match=r"lacks 3 of 4 photos, such as .*jpg\. Run `photos refresh`, or give --force"
    ):
        photos("switch", "other")

    with monkeypatch.context() as patched:
        patched.setattr(DecodingPool, "decode", None)  # stored previews are all it takes
        assert not refresh(changed, lambda total: lambda stage, files: None).failed
    told = collection_metadata(changed)
    assert told["searched"].startswith("other-clip") and "| new | other-clip" in told["comparison"]
    assert 0 <= told["canary_overlap"] <= 1 and -1 <= told["canary_rank_correlation"] <= 1
    assert found(changed) == {"0.jpg", "1.jpg", "2.jpg", "during.jpg"}
    assert states()["small-clip"][2].startswith("to roll back to, dropped after")

    lose_a_photo(changed, "small-clip")
    assert states()["small-clip"][:2] == (3, 1)
    assert "1 newer photos were brought in" in photos("rollback")
    assert states() == {"small-clip": (4, 0, "searched"), "other-clip": (4, 0, "waits for `photos collection switch`")}
    for refused, why in (("other", "that of the settings' model"), ("small", "the active one"), ("clip", "not one")):
        with pytest.raises(PhotoPlatformError, match=why):
            photos("drop", refused)
    page = tmp_path / "compared.html"
    assert photos("compare", "--json", "--html", str(page))["in_both"] == 4 and page.stat().st_size > 10_000
    with (
        changed_point(changed, "other-clip"),
        pytest.raises(VersionError, match=r"1 stale\. Run `photos"),
    ):
        photos("switch", "other")
    assert "is searched now, instead of small-clip" in photos("switch", "other")
    assert "is gone" in photos("drop", "small")
    assert list(states()) == ["other-clip"]
