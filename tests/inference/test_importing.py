"""The large import is made once without the collector, which goes on afterwards."""

import gc

import pytest

from resources.inference import importing


def test_the_first_import_leaves_nothing_to_collect_and_later_ones_are_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.sys, "modules", {})
    frozen = gc.get_freeze_count()
    try:
        with importing.uncollected():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
    monkeypatch.setattr(importing.sys, "modules", {"torch": None})
    with importing.uncollected():
        assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_an_import_that_fails_leaves_the_collector_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.sys, "modules", {})
    with pytest.raises(ImportError), importing.uncollected():
        raise ImportError
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
