"""`hydra.sweeper.stop_after_no_improvement`: sweeps that end when they have converged."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.errors import HydraException
from omegaconf import DictConfig
from optuna.trial import TrialState, create_trial

from optuna_sweeper import prune
from optuna_sweeper.workers.trial_allocation import TrialAllocation

SPACE = ("x=interval(-1, 1)", "hydra.sweeper.n_jobs=1", "hydra.sweeper.n_trials=12")


def after(number: int) -> str:
    return f"hydra.sweeper.stop_after_no_improvement={number}"


def values(*listed: Any) -> Any:
    """An application whose jobs return these values, then 9."""
    left = list(listed)

    def task(cfg: DictConfig) -> Any:
        value = left.pop(0) if left else 9
        return prune("too bad") if value is None else value

    return task


def n_run(app: Any) -> int:
    return sum(app.results["n_trials"].values())


def test_it_ends_after_so_many_trials_and_goes_on_with_a_larger_number(
    app: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    app.sweep(*SPACE, after(3), *app.kept, task=values(5, 3, 4, 2, 2, 3, 7, 1))
    assert n_run(app) == 7  # an equal value is not a better one
    assert app.results["ended_by"] == "no_improvement"
    assert (
        "hydra.sweeper.stop_after_no_improvement=3: so many trials without a better one (best: 2 in trial 3)"
        "; no further trial is started. A larger number continues the study." in capsys.readouterr().out
    )
    app.sweep(*SPACE, after(3), *app.kept, task=values(0))
    assert n_run(app) == 7
    app.sweep(*SPACE, after(5), *app.kept, task=values(1))
    assert n_run(app) == 12
    assert app.results["best_value"] == 1
    assert app.results["ended_by"] == "total"


def test_what_is_maximised_and_what_was_pruned(app: Any) -> None:
    app.sweep(
        *SPACE, after(3), "hydra.sweeper.direction=maximize", task=values(None, None, None, 5, None, 4, 3)
    )
    assert app.results["n_trials"] == {"complete": 3, "pruned": 4, "fail": 0}


def test_several_objectives_improve_by_a_new_point_of_the_front(app: Any) -> None:
    directions = "hydra.sweeper.direction=[minimize,maximize]"
    points = [(5, 5), (6, 6), (6, 6), (7, 1), (4, 4), (5, 5), (6, 5), *[(9, 0)] * 9]
    app.sweep(*SPACE, after(3), directions, task=values(*points))
    assert n_run(app) == 8
    assert app.results["ended_by"] == "no_improvement"


def test_enqueued_trials_are_run_in_any_case(app: Any) -> None:
    asked = "hydra.sweeper.enqueue=[{x: 0.1}, {x: 0.2}, {x: 0.3}, {x: 0.4}]"
    app.sweep(*SPACE, after(1), asked, task=lambda cfg: cfg.x)
    assert [float(trial["params_x"]) for trial in app.trials] == [0.1, 0.2, 0.3, 0.4]


def test_a_better_trial_of_another_process_is_waited_for(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [1.5]
    monkeypatch.setattr("optuna_sweeper.sweep.POLL", 0)

    def others(allocation: TrialAllocation) -> list[int]:
        if found:
            attributes = allocation.study.trials[0].user_attrs
            trial = create_trial(state=TrialState.COMPLETE, value=found.pop(), user_attrs=attributes)
            allocation.study.add_trial(trial)
            return [3]
        return []

    monkeypatch.setattr(TrialAllocation, "others", others)
    app.sweep(*SPACE, after(2), task=values(2))
    assert [trial["value"] for trial in app.trials] == ["2.0", "9.0", "9.0", "1.5", "9.0", "9.0"]


@pytest.mark.parametrize("number", [0, -1])
def test_refused(app: Any, number: int) -> None:
    rule = r"^hydra\.sweeper\.stop_after_no_improvement must be a number of trials .* null\. Got"
    with pytest.raises(HydraException, match=rule):
        app.sweep(*SPACE, after(number))
