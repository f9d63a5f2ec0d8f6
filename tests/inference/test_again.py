"""A model is found again by what provenance tells of it, or not at all: never another in its place."""

import shutil
from pathlib import Path

import pytest

from resources.inference.checkpoints import SMALL_MODELS, Checkpoint, again
from resources.inference.errors import ModelUnavailable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of somebody's own."""
    return Path(shutil.copytree(SMALL_MODELS / "clip", tmp_path_factory.mktemp("models") / "mine"))


def test_what_a_hub_or_the_package_has_is_found_by_its_name(folder: Path) -> None:
    assert again("owner/model", "abc").source == "owner/model@abc"
    packaged = Checkpoint(str(SMALL_MODELS / "clip"), "PHOTO_CLIP_MODEL")
    assert again(packaged.name, packaged.revision).folder == SMALL_MODELS / "clip"
    mine = Checkpoint(str(folder), "PHOTO_CLIP_MODEL")
    assert again(mine.name, mine.revision, str(folder)).folder == folder


def test_a_folder_that_is_not_known_or_holds_other_weights_is_refused(folder: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not known in which folder"):
        again("mine", "abc")
    with pytest.raises(ModelUnavailable, match="another revision than abc"):
        again("mine", "abc", str(folder))
