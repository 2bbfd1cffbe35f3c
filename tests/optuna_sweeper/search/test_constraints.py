"""Jobs that return constraints with their objectives."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.errors import HydraException
from optuna.trial import TrialState

GRID = ("x=range(1, 5)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=1")


def at_least(bound: float) -> Any:
    return lambda cfg: {"values": float(cfg.x), "constraints": {"enough": bound - cfg.x}}


def test_infeasible_trials_are_not_the_best(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.sweep(*GRID, *app.kept, task=at_least(2.5))
    assert app.results["best_value"] == 3
    assert [trial.state for trial in app.study().trials] == [TrialState.COMPLETE] * 4
    assert {row["params_x"]: row["constraints_enough"] for row in app.trials}["1"] == "1.5"
    output = capsys.readouterr().out
    assert "1, infeasible (enough)" in output
    assert len(output.split("Best trials:")[1].splitlines()) == 5


def test_of_several_objectives(app: Any) -> None:
    app.sweep(
        *GRID,
        "hydra.sweeper.direction=[minimize, minimize]",
        task=lambda cfg: {"values": [cfg.x, cfg.x], "constraints": [2.5 - cfg.x]},
    )
    assert [found["values"] for found in app.results["solutions"]] == [[3, 3]]


def test_none_is_feasible(app: Any) -> None:
    with pytest.raises(HydraException, match="None of the 4 trials keeps the constraints"):
        app.sweep(*GRID, task=at_least(9))
    assert app.results["best_value"] is None


@pytest.mark.parametrize(
    "returned",
    [{"values": 1}, {"values": 1, "constraints": ["no"]}, {"values": 1, "constraints": {"a": float("nan")}}],
)
def test_bad_returns(app: Any, returned: Any) -> None:
    with pytest.raises(HydraException, match="The application must return"):
        app.sweep(*GRID, task=lambda cfg: returned)
