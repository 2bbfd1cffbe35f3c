"""Open stores of MLflow and Optuna faster: each opening imports the scripts of all versions of its tables."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType


def install() -> None:
    """Import a script of Alembic once in this process; they only define functions."""
    from alembic import util

    load = util.load_python_file
    load_once = lru_cache(maxsize=None)(load)

    def load_python_file(folder: str, name: str) -> ModuleType:
        # env.py does its work when it is imported.
        return load(folder, name) if name == "env.py" else load_once(folder, name)

    util.load_python_file = load_python_file
