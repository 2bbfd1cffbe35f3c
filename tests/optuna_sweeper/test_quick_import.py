"""Modules are imported without collections of garbage, which are on again afterwards."""

import gc
import sys

import pytest

from optuna_sweeper.quick_import import quick_import

MODULE = "import gc\nwas_on = gc.isenabled()\n"


@pytest.fixture
def heavy_module(tmp_path, monkeypatch):
    (tmp_path / "heavy_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "heavy_module", raising=False)
    yield "heavy_module"
    sys.modules.pop("heavy_module", None)


def test_collections_are_off_during_an_import_only(heavy_module):
    quick_import(heavy_module)
    assert not sys.modules[heavy_module].was_on
    assert gc.isenabled()


def test_an_error_leaves_collections_on():
    with pytest.raises(ModuleNotFoundError):
        quick_import("no_such_module")
    assert gc.isenabled()


@pytest.mark.parametrize("frozen", [False, True])
def test_only_where_a_program_froze_its_objects_more_are_frozen(heavy_module, monkeypatch, frozen):
    """In a notebook, all objects of that moment would stay in memory."""
    freezes = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: int(frozen))
    monkeypatch.setattr(gc, "freeze", lambda: freezes.append(1))
    quick_import(heavy_module)
    assert len(freezes) == frozen


def test_nothing_is_frozen_if_all_are_imported(monkeypatch):
    freezes = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 1)
    monkeypatch.setattr(gc, "freeze", lambda: freezes.append(1))
    quick_import("gc", "sys")
    assert freezes == []
