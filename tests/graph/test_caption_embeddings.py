"""What captions say as vectors: each its own, and what many say computed once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from photo_assets.steps.inference import embed_captions
from resources.tables.schema import Row
from tests.inference.services import FakeEngine, vector_for


class Counting(FakeEngine):
    """Keeps the texts that it was asked for."""

    asked: Sequence[str] = ()

    def embed_texts(self, texts: Sequence[str]) -> Any:
        self.asked = texts
        return super().embed_texts(texts)


def captioned(number: int, caption: str) -> Row:
    row = {"photo_id": f"{number}", "status": "ok", "error_kind": None, "error_message": None}
    return row | {"caption": caption}


def failed(number: int) -> Row:
    why = {"status": "failed", "error_kind": "inference", "error_message": "no words"}
    return captioned(number, "") | why | {"caption": None}


def test_every_caption_has_its_own_vector_in_its_place_and_equal_ones_are_embedded_once() -> None:
    captions = [
        captioned(0, "a boat"),
        failed(1),
        captioned(2, "a tree"),
        captioned(3, "a boat"),
        captioned(4, "fails"),
    ]
    engine = Counting()
    rows = embed_captions(captions, engine)

    assert engine.asked == ["a boat", "a tree", "fails"]
    assert [row["photo_id"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [(row["status"], row["error_kind"]) for row in rows[1:5:3]] == [
        ("failed", "inference"),
        ("failed", "undecodable"),
    ]
    for row in (rows[0], rows[2], rows[3]):
        assert row["status"] == "ok" and np.array_equal(row["vector"], vector_for(row["caption"].encode()))
    assert (rows[0]["clip_model"], rows[0]["clip_revision"]) == (engine.clip.model, engine.clip.revision)


def test_a_batch_without_captions_asks_the_model_nothing() -> None:
    engine = Counting()
    assert [row["status"] for row in embed_captions([failed(0)], engine)] == ["failed"]
    assert engine.asked == () and embed_captions([], engine) == []
