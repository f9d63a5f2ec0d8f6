"""The large import is made once without the collector, which goes on afterwards."""

import gc
import os

import pytest

from resources.inference import importing


def test_the_first_import_leaves_nothing_to_collect_and_later_ones_are_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.sys, "modules", {})
    monkeypatch.setenv("OMP_WAIT_POLICY", "")  # so that it is put back
    monkeypatch.delenv("OMP_WAIT_POLICY")
    frozen = gc.get_freeze_count()
    try:
        with importing.torch_imported():
            assert not gc.isenabled()
            assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
    monkeypatch.setattr(importing.sys, "modules", {"torch": None})
    with importing.torch_imported():
        assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_an_import_that_fails_leaves_the_collector_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.sys, "modules", {})
    with pytest.raises(ImportError), importing.torch_imported():
        raise ImportError
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
