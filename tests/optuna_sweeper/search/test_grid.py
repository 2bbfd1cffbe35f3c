from __future__ import annotations

import pytest
from hydra.errors import HydraException
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import create_trial

from optuna_sweeper.search.arguments import read_arguments
from optuna_sweeper.search.grid import combinations_left, grid


def test_values() -> None:
    parameters = read_arguments(
        {"a": "choice(x, y)", "b": "range(1, 8, 3)", "c": "range(0, 0.4, 0.1)", "d": "int(interval(1, 3))"},
        [],
    ).parameters
    assert grid(parameters, "grid") == {
        "a": ["x", "y"],
        "b": [1, 4, 7],
        "c": [0.0, 0.1, 0.2, 0.3],
        "d": [1, 2, 3],
    }


def test_continuous_is_refused() -> None:
    with pytest.raises(HydraException, match=r"x is continuous, and the grid sampler needs .* 'x=range"):
        grid(read_arguments({"+x": "interval(0, 1)"}, []).parameters, "the grid sampler")


def test_combinations_left() -> None:
    tried = create_trial(value=0, params={"b": 1}, distributions={"b": IntDistribution(1, 3)})
    other = create_trial(value=0, params={"c": 1.0}, distributions={"c": FloatDistribution(0, 3)})
    assert combinations_left({"b": [1, 2, 3]}, []) == 3
    assert combinations_left({"b": [1, 2, 3]}, [tried, tried, other]) == 2
