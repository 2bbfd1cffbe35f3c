"""Import MLflow for a process that only records, without libraries that it does not use."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from types import ModuleType

from optuna_sweeper.quick_import import collections_off
from recsys.mlflow_store.address import DATABASES
from recsys.mlflow_store.connection import apply_settings

# Optional for MLflow, whose small edition mlflow-skinny has none of them: a quarter of its import.
UNUSED = frozenset({"pandas", "polars"})
# Plugins that MLflow imports itself, and leaves out, with a warning, if they cannot be imported.
PLUGINS = {
    f"mlflow.{kind}" for kind in ("artifact_repository", "request_auth_provider", "request_header_provider")
}


def import_lightly(tracking_uri: str) -> None:
    """Import MLflow's client and the store of an address, if they are not imported yet.

    The packages left out can be imported later. An error is left to `connect`, which imports again; so is
    the whole import if there are plugins of MLflow, which may need these packages.
    """
    if "mlflow" in sys.modules or PLUGINS & entry_points().groups:
        return
    apply_settings()
    with suppress(ImportError), collections_off(), _without(UNUSED):
        import_module("mlflow.tracking")
        if tracking_uri.startswith(DATABASES):
            import_module("mlflow.store.tracking.sqlalchemy_store")


@contextmanager
def _without(names: frozenset[str]) -> Iterator[None]:
    """Let imports of these packages fail as if they were not installed."""
    finder = _Absent(names - sys.modules.keys())
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Absent:
    """Finder that finds nothing for some packages, and ends the search for them."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise ModuleNotFoundError for the packages."""
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
