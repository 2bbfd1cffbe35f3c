"""Packages are left out of an import, and can be imported later."""

import subprocess
import sys
from importlib import import_module

import pytest
from mlflow import MlflowClient

from recsys.mlflow_store import light_import
from recsys.mlflow_store.light_import import _without, import_lightly

PROGRAM = """
import sys
from importlib.util import find_spec
from recsys.mlflow_store.light_import import UNUSED, import_lightly
import_lightly(sys.argv[1])
assert "mlflow.store.tracking.sqlalchemy_store" in sys.modules
assert not UNUSED & sys.modules.keys()
assert all(map(find_spec, UNUSED))
from recsys.mlflow_store.connection import connect
client = connect(sys.argv[1])
client.log_batch(client.create_run("0").info.run_id)
assert not UNUSED & sys.modules.keys()
"""


def test_mlflow_records_without_the_packages_left_out(store):
    program = [sys.executable, "-c", PROGRAM, f"sqlite:///{store}"]
    subprocess.run(program, check=True)
    (run,) = MlflowClient(program[-1]).search_runs(["0"])
    assert run.info.status == "RUNNING"


def test_with_a_plugin_of_mlflow_nothing_is_left_out(tmp_path, monkeypatch):
    """MLflow would leave out a store of artifacts that needs pandas."""
    info = tmp_path / "shop_store-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: shop-store\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[mlflow.artifact_repository]\nshop = shop_store:Store\n")
    imported = []
    monkeypatch.delitem(sys.modules, "mlflow")
    monkeypatch.setattr(light_import, "import_module", imported.append)
    import_lightly("http://127.0.0.1:9")
    assert imported == ["mlflow.tracking"]
    monkeypatch.syspath_prepend(tmp_path)
    import_lightly("http://127.0.0.1:9")
    assert len(imported) == 1


def test_packages_are_absent_during_the_import_only(tmp_path, monkeypatch):
    (tmp_path / "optional_package.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    names = frozenset({"optional_package", "pytest"})
    with _without(names):
        with pytest.raises(ModuleNotFoundError, match="optional_package"):
            import_module("optional_package")
        assert import_module("pytest") is pytest  # imported before
    assert import_module("optional_package").__file__ == str(tmp_path / "optional_package.py")
    del sys.modules["optional_package"]
