"""A photo that ended its decoder twice is set apart, until the decoder is another one."""

from .conftest import Shelf

DECODER = "preview512-v2/raw-auto pillow 13"


def killing(shelf: Shelf, photo_id: str, kind: str, decoder: str = DECODER) -> dict[str, str]:
    """Let the photo kill the decoder once more; who is set apart then."""
    shelf.ledger.record_failures({photo_id: kind}, decoder)
    return shelf.ledger.quarantined([photo_id, "other"], decoder)


def test_one_death_is_forgiven_and_the_second_is_not(shelf: Shelf) -> None:
    assert killing(shelf, "a", "timed_out") == {}
    assert killing(shelf, "a", "crashed") == {"a": "crashed"}
    assert killing(shelf, "b", "crashed") == {}


def test_another_decoder_tries_again_and_counts_from_one(shelf: Shelf) -> None:
    killing(shelf, "a", "crashed")
    assert killing(shelf, "a", "crashed")
    assert shelf.ledger.quarantined(["a"], "a newer one") == {}
    assert killing(shelf, "a", "crashed", "a newer one") == {}
    assert killing(shelf, "a", "crashed", "a newer one") == {"a": "crashed"}


def test_a_failure_that_leaves_the_process_alive_is_no_death(shelf: Shelf) -> None:
    for _ in range(5):
        shelf.ledger.record_failures({"a": "corrupt"}, DECODER)
    assert shelf.ledger.quarantined(["a"], DECODER) == {}
