"""mlxtend itself, for what the engine does not know: missing values, and mlxtend's own trees."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import pandas as pd


def mlxtend(function: str, *arguments: Any) -> pd.DataFrame:
    """Call a function of `mlxtend.frequent_patterns`."""
    frame: pd.DataFrame = getattr(load(function), function)(*arguments)
    return frame


def load(function: str) -> Any:
    """Import the module of `mlxtend.frequent_patterns` that has a function."""
    with warnings.catch_warnings():  # Its import sets a filter for the whole process.
        return import_module(f"mlxtend.frequent_patterns.{function}")


def print_stages(function: str, *arguments: Any) -> None:
    """Print what a function of `mlxtend.frequent_patterns` prints. Its warnings have been given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlxtend(function, *arguments)
