"""mlxtend itself, for what the engine does not know: missing values."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import pandas as pd


def mlxtend(function: str, *arguments: Any) -> pd.DataFrame:
    """Call a function of `mlxtend.frequent_patterns`."""
    with warnings.catch_warnings():  # Its import sets a filter for the whole process.
        module = import_module("mlxtend.frequent_patterns")
    frame: pd.DataFrame = getattr(module, function)(*arguments)
    return frame
