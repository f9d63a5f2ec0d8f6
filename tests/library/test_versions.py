"""What the ledger keeps of the collection's versions."""

from dataclasses import replace

from resources.library.versions import KnownVersion

from .conftest import Shelf

OLD = KnownVersion("old-2-a", "old", "1", "as then", 2)
NEW = KnownVersion("new-2-b", "new", "1", "as now", 2, folder="/models/new", wanted_at=50.0)


def test_a_version_that_is_noted_again_gets_what_is_newer_and_keeps_the_rest(shelf: Shelf) -> None:
    ledger = shelf.ledger
    assert ledger.known_versions() == {}
    for version in (OLD, NEW, replace(NEW, folder=None, wanted_at=60.0), replace(NEW, wanted_at=None, folder="/moved")):
        ledger.note_version(version)
    ledger.note_version(OLD)
    assert ledger.known_versions() == {OLD.name: OLD, NEW.name: replace(NEW, folder="/moved", wanted_at=60.0)}


def test_a_version_that_a_person_left_is_known_until_it_is_entered_again(shelf: Shelf) -> None:
    ledger = shelf.ledger
    for version in (OLD, NEW):
        ledger.note_version(version)
    ledger.leave_version(NEW.name, OLD.name, by_hand=True, now=100.0)
    left = ledger.known_versions()[NEW.name]
    assert (left.left_at, left.left_by_hand, left.unused_since()) == (100.0, True, 100.0)
    ledger.leave_version(OLD.name, NEW.name, by_hand=False, now=200.0)
    assert {name: (each.left_at, each.left_by_hand) for name, each in ledger.known_versions().items()} == {
        OLD.name: (200.0, False),
        NEW.name: (100.0, False),
    }
    ledger.forget_version(OLD.name)
    assert list(ledger.known_versions()) == [NEW.name]
