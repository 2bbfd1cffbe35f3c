"""Parameters of trials as columns: numbers or categories."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass

from recsys.runs.trials import Trial


@dataclass(frozen=True)
class Column:
    """The values of one parameter over some trials.

    Attributes
    ----------
    name : str
    values : list of float
        The numbers, or indices of `categories`.
    categories : list of str
        Sorted; empty for numbers.
    log : bool
        Whether its axis is logarithmic.
    """

    name: str
    values: list[float]
    categories: list[str]
    log: bool


def columns(trials: list[Trial], log: Container[str] = ()) -> list[Column]:
    """Return the parameters that all trials have and that vary; `log` names those on a logarithmic scale."""
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    everywhere = (name for name in names if all(name in trial.params for trial in trials))
    found = (_column(name, [trial.params[name] for trial in trials], name in log) for name in everywhere)
    return [column for column in found if len(set(column.values)) > 1]


def _column(name: str, texts: list[str], log: bool) -> Column:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [math.nan]
    if all(map(math.isfinite, numbers)):
        return Column(name, numbers, [], log=log and min(numbers) > 0)
    categories = sorted(set(texts))
    return Column(name, [categories.index(text) for text in texts], categories, log=False)
