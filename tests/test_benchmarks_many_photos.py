"""Many photos are many pictures, to the platform too."""

from pathlib import Path

import pytest

from benchmarks import many_photos as many
from benchmarks.pool_once import in_pool, request_for
from photo_assets.demo.files import FORMATS
from photo_assets.demo.library import DemoPhoto
from resources.decoding.previews import PreviewStore


@pytest.mark.parametrize("small", [False, True])
def test_no_photo_has_the_preview_of_another(small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "PAINTED", 4)
    monkeypatch.setattr(many, "SMALL_PAINTED", 2)
    photos = many.many_photos(tmp_path, 9, small=small)
    assert {photo.format for photo in photos} == ({"jpeg"} if small else set(FORMATS))
    assert len(set(_previews(photos, PreviewStore(tmp_path / "previews")))) == 9


def test_a_scene_keeps_its_caption_in_every_light_and_nothing_else_lies_beside_the_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "SMALL_PAINTED", 2)
    photos = many.many_photos(tmp_path, 5, small=True)
    one, other, *again = [photo.caption for photo in photos]
    assert again == [one, other, one]
    files = [path for path in many.folder_of(tmp_path, 5, small=True).rglob("*") if path.is_file()]
    assert sorted(files) == sorted(photo.path for photo in photos)


def test_a_larger_library_has_the_photos_of_a_smaller_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "SMALL_PAINTED", 2)
    few, more = (many.many_photos(tmp_path, count, small=True) for count in (3, 4))
    assert all(photo.path.samefile(same.path) for photo, same in zip(few, more, strict=False))


def _previews(photos: list[DemoPhoto], store: PreviewStore) -> list[bytes]:
    _, results = in_pool(store, [request_for(number, photo.path) for number, photo in enumerate(photos)], 1)
    return [store.read_preview(result.photo_id) for result in results]
