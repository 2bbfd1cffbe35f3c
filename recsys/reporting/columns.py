"""A parameter as a column: numbers, on a plain or a logarithmic axis, or categories."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass

from recsys.runs.sweep import Sweep
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
        In the order of their names; empty for numbers.
    log : bool
    """

    name: str
    values: list[float]
    categories: list[str]
    log: bool

    @property
    def shown(self) -> list[float] | list[str]:
        """The values as an axis takes them."""
        return [self.categories[int(value)] for value in self.values] if self.categories else self.values


def columns(trials: list[Trial], log: Container[str] = ()) -> list[Column]:
    """The parameters that all of the trials have, with more than one value; `log` names the logarithmic."""
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    everywhere = (name for name in names if all(name in trial.params for trial in trials))
    made = (_column(name, [trial.params[name] for trial in trials], name in log) for name in everywhere)
    return [column for column in made if len(set(column.values)) > 1]


def columns_of(sweep: Sweep) -> list[Column]:
    """Return the parameters of a sweep's complete trials."""
    return columns(sweep.complete, sweep.log_parameters)


def _column(name: str, texts: list[str], log: bool) -> Column:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        categories = sorted(set(texts))
        return Column(name, [categories.index(text) for text in texts], categories, log=False)
    if not all(map(math.isfinite, numbers)):
        categories = sorted(set(texts))
        return Column(name, [categories.index(text) for text in texts], categories, log=False)
    return Column(name, numbers, [], log=log and min(numbers) > 0)
