"""What failed is tried again when it is due, a bounded number of times, and nothing that is ok ever is."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.library import identity
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.library.retries import FILE_KINDS, MAX_TRIES, PASSING_KINDS, WAITS_S, next_try_at
from resources.opening import opened

from .conftest import Row, Shelf, outcome

DECODER = "policy 1 library 1"
LONGEST_S = max(WAITS_S)


def fail(shelf: Shelf, batch: str, kind: str, decoder: str = DECODER) -> list[str]:
    """Run a batch that fails every photo it brings, as decoding does; the photos it brought."""
    rows = shelf.identify(batch)
    kinds = {str(row["photo_id"]): kind for row in rows if row["status"] == "ok"}
    shelf.ledger.record_failures(kinds, decoder)
    shelf.finish(batch, rows, kinds)
    return list(kinds)


def fail_first(shelf: Shelf, kind: str, *names: str) -> str:
    """Put copies of one photo, which fails; its id."""
    for name in names or ("a.jpg",):
        shelf.put(name, b"photo")
    (photo_id,) = fail(shelf, shelf.cut_one(), kind)
    return photo_id


def due(shelf: Shelf, after_s: float = 0.0, decoder: str = DECODER) -> list[str]:
    """What a tick does after this time: look, let go what is due, cut."""
    shelf.look(after_s=after_s)
    shelf.ledger.release_due(decoder, now=shelf.clock)
    return shelf.ledger.cut_batches(256)


@contextmanager
def unreadable(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Meanwhile the disk does not give this file."""

    def refuse(path: bytes) -> object:
        if path.endswith(name.encode()):
            raise OSError(5, "Input/output error")
        return opened(path)

    with monkeypatch.context() as patched:
        patched.setattr(identity, "opened", refuse)
        yield


def test_waits_grow_and_end_and_a_file_that_cannot_be_had_waits_a_minute_first() -> None:
    def waits(kind: str) -> list[float]:
        planned = (next_try_at(kind, tries, 0.0) for tries in range(1, MAX_TRIES))
        return [at for at in planned if at is not None]

    assert waits("unreadable") == [60, 600, 3600, 21600]
    assert waits("timed_out") == [600, 3600, 21600, 86400]
    assert {tuple(waits(kind)) for kind in PASSING_KINDS} == {tuple(waits("unreadable")), tuple(waits("timed_out"))}
    assert waits("corrupt") == waits("too_large") == waits("quarantined") == []
    assert all(next_try_at(kind, MAX_TRIES, 0.0) is None for kind in PASSING_KINDS)


@pytest.mark.parametrize("kind", sorted(PASSING_KINDS - {"crashed", "timed_out", "out_of_memory"}))
def test_a_passing_failure_is_due_after_its_wait_and_not_before(shelf: Shelf, kind: str) -> None:
    fail_first(shelf, kind)
    wait = WAITS_S[0 if kind in FILE_KINDS else 1]

    assert due(shelf, wait - 1) == []
    (batch,) = due(shelf, 2)

    shelf.run(batch)
    assert shelf.ledger.counts()["ok"] == 1
    assert due(shelf, 10 * LONGEST_S) == []


@pytest.mark.parametrize("kind", ["corrupt", "unsupported", "too_large", "empty", "black_frame"])
def test_a_lasting_failure_is_never_due_by_itself(shelf: Shelf, kind: str) -> None:
    fail_first(shelf, kind)

    assert due(shelf, 10 * LONGEST_S) == []
    assert shelf.ledger.failures()[0]["next_try"] == "when the file or the decoder changes"


def test_what_goes_on_failing_is_given_up_after_five_tries(shelf: Shelf) -> None:
    fail_first(shelf, "unwritable")
    tries = 1
    while batches := due(shelf, LONGEST_S):
        tries += len([fail(shelf, batch, "unwritable") for batch in batches])

    assert tries == MAX_TRIES
    (row,) = shelf.ledger.failures()
    assert row["attempts"] == MAX_TRIES
    assert row["next_try"] == "given up: with another decoder or --retry"


def test_copies_of_a_failed_photo_are_tried_as_one(shelf: Shelf) -> None:
    fail_first(shelf, "inference", "a.jpg", "b.jpg", "c.jpg")

    (batch,) = due(shelf, WAITS_S[1])
    assert len(shelf.ledger.members(batch)) == 1
    assert due(shelf, LONGEST_S) == []  # one is on its way

    shelf.run(batch)
    counts = shelf.ledger.counts()
    assert (counts["ok"], counts["duplicates"], counts["failed"], counts["pending"]) == (1, 2, 0, 0)


def test_when_the_file_that_was_let_go_is_gone_a_copy_is_tried(shelf: Shelf) -> None:
    fail_first(shelf, "inference", "a.jpg", "b.jpg")
    (batch,) = due(shelf, WAITS_S[1])
    shelf.paths(batch)[0].unlink()
    shelf.run(batch)

    (second,) = due(shelf)
    shelf.run(second)

    assert shelf.ledger.counts()["ok"] == 1


def test_a_run_that_is_done_again_counts_no_other_try(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"photo")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    kinds = {str(rows[0]["photo_id"]): "inference"}
    shelf.finish(batch, rows, kinds)
    before = shelf.ledger.failures()
    shelf.clock += 100

    shelf.finish(batch, rows, kinds)

    assert shelf.ledger.failures() == before


def test_a_success_forgets_the_failures_before_it(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    with unreadable(monkeypatch, "a.jpg"):
        shelf.run(batch)
    fail(shelf, due(shelf, LONGEST_S)[0], "inference")
    with unreadable(monkeypatch, "a.jpg"):
        shelf.run(due(shelf, LONGEST_S)[0])
    assert [row["attempts"] for row in shelf.ledger.failures()] == [1]
    (batch,) = due(shelf, LONGEST_S)
    shelf.run(batch)

    fail(shelf, batch, "corrupt")

    assert [row["attempts"] for row in shelf.ledger.failures()] == [1]


def test_a_file_that_could_not_be_read_is_tried_again_and_then_ok(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    for tries, wait in enumerate(WAITS_S[: MAX_TRIES - 2], start=1):
        with unreadable(monkeypatch, "a.jpg"):
            shelf.run(batch)
        (row,) = shelf.ledger.failures()
        assert (row["error_kind"], row["attempts"]) == ("unreadable", tries)
        assert due(shelf, wait - 1) == []
        (batch,) = due(shelf, 1)

    shelf.run(batch)

    assert shelf.ledger.counts()["ok"] == 1
    assert due(shelf, 10 * LONGEST_S) == []


def test_a_file_that_stays_unreadable_is_given_up_until_it_changes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("a.jpg", b"x")
    batches, tries = shelf.cut(), 0
    with unreadable(monkeypatch, "a.jpg"):
        while batches:
            shelf.run(batches[0])
            tries += 1
            batches = due(shelf, LONGEST_S)
        assert tries == MAX_TRIES
        shelf.put("a.jpg", b"xx")
        shelf.run(shelf.cut_one())
    (row,) = shelf.ledger.failures()
    assert row["attempts"] == 1
    assert due(shelf, WAITS_S[0]) != []


def test_a_disk_that_is_away_uses_up_no_tries(shelf: Shelf) -> None:
    fail_first(shelf, "unreadable")
    away = shelf.root.rename(shelf.root.with_name("away"))
    shelf.root.mkdir()
    for _ in range(10):
        shelf.look_guarded(after_s=LONGEST_S)
        assert shelf.ledger.release_due(DECODER, now=shelf.clock) == 0
    shelf.root.rmdir()
    away.rename(shelf.root)

    (batch,) = due(shelf)

    shelf.run(batch)
    assert shelf.ledger.counts()["ok"] == 1


@pytest.mark.parametrize("kind", ["corrupt", "quarantined", "unreadable"])
def test_another_decoder_tries_every_failure_once_and_at_once(shelf: Shelf, kind: str) -> None:
    fail_first(shelf, kind, "a.jpg", "b.jpg")

    assert due(shelf) == []
    (batch,) = due(shelf, decoder="library 2")
    fail(shelf, batch, "corrupt", "library 2")

    assert due(shelf, LONGEST_S, decoder="library 2") == []


def test_runs_that_name_their_decoder_otherwise_make_no_storm(shelf: Shelf) -> None:
    """A server that runs on with older settings than its runs have would else let everything go on every tick."""
    fail_first(shelf, "corrupt")

    (batch,) = due(shelf, decoder="as the server says")
    fail(shelf, batch, "corrupt", DECODER)

    assert [due(shelf, LONGEST_S, decoder="as the server says") for _ in range(5)] == [[]] * 5


def test_what_ended_its_decoder_twice_waits_for_another_or_for_a_person(shelf: Shelf) -> None:
    photo_id = fail_first(shelf, "crashed")
    (batch,) = due(shelf, WAITS_S[1])
    fail(shelf, batch, "timed_out")

    assert due(shelf, 10 * LONGEST_S) == []
    assert shelf.ledger.failures()[0]["next_try"] == "quarantined: with another decoder or --retry"

    assert shelf.ledger.retry_now(now=shelf.clock) == 1
    assert shelf.ledger.quarantined([photo_id], DECODER) == {}
    (batch,) = due(shelf)
    shelf.run(batch)
    assert shelf.ledger.counts()["ok"] == 1


def test_a_person_lets_go_what_lies_below_a_path_and_nothing_else(shelf: Shelf) -> None:
    for number, name in enumerate(("a/1.jpg", "a/2.jpg", "b/3.jpg", "a.jpg", "ab/4.jpg")):
        shelf.put(name, b"x" * (number + 1))
    fail(shelf, shelf.cut_one(), "corrupt")

    named = [bytes(shelf.root / "a"), bytes(shelf.root / "b" / "3.jpg")]
    assert shelf.ledger.retry_now(named, now=shelf.clock) == 3
    assert [Path(row["path"]).name for row in shelf.ledger.failures(named)] == ["1.jpg", "2.jpg", "3.jpg"]
    (batch,) = due(shelf)

    assert [path.name for path in shelf.paths(batch)] == ["1.jpg", "2.jpg", "3.jpg"]


def test_a_person_finds_nothing_to_let_go_where_nothing_failed(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.run(shelf.cut_one())

    assert shelf.ledger.retry_now(now=shelf.clock) == 0
    assert due(shelf, decoder="library 2") == []


def uncaptioned(shelf: Shelf, batch: str, rows: list[Row], kind: str | None) -> None:
    """Finish a batch whose first photo has no caption for this reason; None: it has one."""
    first, *others = [str(row["photo_id"]) for row in rows if row["status"] == "ok"]
    outcomes = [Outcome(first, "ok", kind, kind and "no words"), *map(outcome, others)]
    shelf.ledger.finish_batch(batch, outcomes, now=shelf.clock)


def captions_due(shelf: Shelf, after_s: float) -> list[str]:
    shelf.clock += after_s
    return list(shelf.ledger.batches_with_due_captions(now=shelf.clock))


def test_a_caption_that_failed_is_written_again_by_its_batch_a_bounded_number_of_times(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.put("b.jpg", b"xx")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    tokens, tries = set(), 1
    uncaptioned(shelf, batch, rows, "inference")
    assert captions_due(shelf, WAITS_S[1] - 1) == []
    uncaptioned(shelf, batch, rows, "inference")  # a sidecar was read again meanwhile: that is no try
    while captions_due(shelf, LONGEST_S):
        tokens |= set(shelf.ledger.batches_with_due_captions(now=shelf.clock).values())
        uncaptioned(shelf, batch, rows, "inference")
        tries += 1

    assert (tries, len(tokens)) == (MAX_TRIES, MAX_TRIES - 1)
    assert shelf.ledger.counts()["ok"] == 2
    assert due(shelf, LONGEST_S, decoder="library 2") == []
    assert shelf.ledger.retry_now(now=shelf.clock) == 1
    assert captions_due(shelf, 0) == [batch]
    uncaptioned(shelf, batch, rows, None)
    assert captions_due(shelf, 10 * LONGEST_S) == []


def test_a_caption_that_cannot_succeed_is_not_due(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    uncaptioned(shelf, batch, shelf.identify(batch), "too_large")

    assert captions_due(shelf, 10 * LONGEST_S) == []


KINDS = st.sampled_from(["unreadable", "inference", "timed_out", "corrupt", None])
TICKS = st.lists(st.tuples(st.sampled_from([1.0, 60.0, 700.0, 5_000.0, 90_000.0]), KINDS), max_size=25)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(TICKS)
def test_tries_are_bounded_apart_and_over_once_a_photo_is_ok(ticks: list[tuple[float, str | None]]) -> None:
    """Three photos, one with a copy; every tick something fails one way or another, or nothing does."""
    tried: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.sqlite") as ledger:
        shelf = Shelf(Path(folder) / "photos", ledger)
        for name, content in (("a.jpg", b"1"), ("b.jpg", b"22"), ("c.jpg", b"333"), ("copy.jpg", b"1")):
            shelf.put(name, content)
        shelf.look()
        for after_s, kind in ticks:
            ok_before = ledger.ok_photo_ids()
            for batch in due(shelf, after_s):
                brought = fail(shelf, batch, kind) if kind else [str(row["photo_id"]) for row in shelf.run(batch)]
                assert max(Counter(brought).values(), default=0) <= (1 if kind else 2)
                assert not ok_before & set(brought)
                for photo_id in set(brought):
                    tried.setdefault(photo_id, []).append(shelf.clock)
        for batch in due(shelf, LONGEST_S):
            shelf.run(batch)
        left = ledger.failures()

    assert all(row["next_try_at"] is None for row in left), "what was due was tried, and what was tried is ok"
    assert all(row["attempts"] == MAX_TRIES for row in left if row["next_try"].startswith("given up"))
    for times in tried.values():
        assert len(times) <= MAX_TRIES
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert all(wait >= least for wait, least in zip(waits, WAITS_S, strict=False))
