"""Modules are imported without collections of garbage, which are on again afterwards."""

import gc
import sys

import pytest

from optuna_sweeper.quick_import import quick_import

MODULE = "import gc\nwas_on = gc.isenabled()\n"


@pytest.fixture
def _thawed():
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_collections_are_off_during_an_import_only(tmp_path, monkeypatch):
    (tmp_path / "heavy_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "heavy_module", raising=False)
    quick_import("heavy_module")
    assert not sys.modules["heavy_module"].was_on
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    del sys.modules["heavy_module"]


@pytest.mark.usefixtures("_thawed")
def test_an_error_leaves_collections_on():
    with pytest.raises(ModuleNotFoundError):
        quick_import("no_such_module")
    assert gc.isenabled()


def test_nothing_is_frozen_if_all_are_imported():
    before = gc.get_freeze_count()
    quick_import("gc", "sys")
    assert gc.get_freeze_count() == before
