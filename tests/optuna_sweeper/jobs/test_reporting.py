"""Jobs that report how far they have come."""

from __future__ import annotations

from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from optuna.pruners import BasePruner
from optuna.trial import TrialState

from hydra_plugins.recsys_optuna_sweeper.config import PRUNERS
from optuna_sweeper.jobs.reporting import prune, prunes, report
from optuna_sweeper.search.sampler import make_pruner

GRID = ("x=range(4)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=1")
THRESHOLD = ("hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.upper=1.5")


def task(cfg: Any) -> float:
    report(cfg.x, 0)
    report(cfg.x + 1, 1)
    report(float("nan"), 2)
    return float(cfg.x)


def test_the_pruner_ends_trials(app: Any, capfd: pytest.CaptureFixture[str]) -> None:
    app.sweep(*GRID, *THRESHOLD, *app.kept, task=task)
    assert "no trial to end" not in capfd.readouterr().out
    assert app.results["n_trials"] == {"complete": 1, "pruned": 3, "fail": 0}
    values = {trial.params["x"]: trial.intermediate_values for trial in app.study().trials}
    assert values == {0: {0: 0.0, 1: 1.0}, 1: {0: 1.0, 1: 2.0}, 2: {0: 2.0}, 3: {0: 3.0}}


def test_the_last_report_is_heard_and_ends_nothing(app: Any, capfd: pytest.CaptureFixture[str]) -> None:
    def done(cfg: Any) -> float:
        report(cfg.x, 0, is_last=True)
        return float(cfg.x)

    app.sweep(*GRID, *THRESHOLD, *app.kept, task=done)
    assert app.results["n_trials"] == {"complete": 4, "pruned": 0, "fail": 0}
    assert {trial.params["x"]: trial.intermediate_values for trial in app.study().trials} == {
        x: {0: float(x)} for x in range(4)
    }
    assert capfd.readouterr().out.count("ThresholdPruner had no trial to end") == 1


def test_a_pruner_without_reports_is_said(app: Any, capfd: pytest.CaptureFixture[str]) -> None:
    app.sweep(*GRID, *THRESHOLD)
    assert capfd.readouterr().out.count("hydra.sweeper.pruner: ThresholdPruner had no trial to end") == 1


def test_without_a_pruner(app: Any, capfd: pytest.CaptureFixture[str]) -> None:
    app.sweep(*GRID, *app.kept, task=task)
    assert "no trial to end" not in capfd.readouterr().out
    assert [trial.state for trial in app.study().trials] == [TrialState.COMPLETE] * 4


def test_several_objectives_are_not_pruned(app: Any) -> None:
    def both(cfg: Any) -> tuple[float, float]:
        return task(cfg), 1.0

    app.sweep(*GRID, *THRESHOLD, "hydra.sweeper.direction=[minimize, minimize]", task=both)
    assert app.results["n_trials"]["complete"] == 4


def test_outside_a_sweep(app: Any) -> None:
    report(1.0, 0)
    prune("has no effect")
    assert not prunes()
    with initialize_config_dir(str(app.conf), version_base="1.3"):
        task(compose("config"))


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), False),
        (THRESHOLD, True),
        ((*THRESHOLD, "hydra.sweeper.direction=[minimize]"), True),
        ((*THRESHOLD, "hydra.sweeper.direction=[minimize, maximize]"), False),
    ],
)
def test_whether_a_report_may_end_the_job(app: Any, overrides: tuple[str, ...], expected: bool) -> None:
    seen: list[bool] = []

    def task(cfg: Any) -> list[float]:
        seen.append(prunes())
        return [1.0] * (2 if "maximize" in str(overrides) else 1)

    app.sweep(*GRID, *overrides, task=task)
    assert seen == [expected] * 4


def test_a_job_may_end_itself_as_pruned(app: Any) -> None:
    def task(cfg: Any) -> float:
        if cfg.x > 1:
            prune("more than 100 itemsets")
        return float(cfg.x)

    app.sweep(*GRID, *app.kept, task=task)
    assert app.results["n_trials"] == {"complete": 2, "pruned": 2, "fail": 0}


def test_another_process(app: Any) -> None:
    def task(cfg: Any) -> float:  # not the one above, whose module a process of joblib could not import
        report(cfg.x, 0)
        report(cfg.x + 1, 1)
        return float(cfg.x)

    joblib = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2")
    app.sweep("x=range(4)", "hydra/sweeper/sampler=grid", *THRESHOLD, *joblib, *app.kept, task=task)
    assert app.results["n_trials"] == {"complete": 1, "pruned": 3, "fail": 0}


@pytest.mark.parametrize("name", PRUNERS)
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_the_group(app: Any, name: str) -> None:
    with initialize_config_dir(str(app.conf), version_base="1.3"):
        config = compose("config", [f"hydra/sweeper/pruner={name}"], return_hydra_config=True)
    if name == "threshold":
        config.hydra.sweeper.pruner.upper = 1
    pruner = make_pruner(config.hydra.sweeper.pruner)
    assert isinstance(pruner, BasePruner)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "hydra/sweeper/pruner=threshold",
            r"hydra\.sweeper\.pruner: Either lower or upper",
        ),
        (
            "hydra.sweeper.pruner={_target_: builtins.dict}",
            r"pruner must be a pruner of Optuna|pruner: Target 'builtins.dict' .* execution_whitelist=",
        ),
    ],
)
def test_refused(app: Any, override: str, message: str) -> None:
    with pytest.raises(HydraException, match=message):
        app.sweep(*GRID, override)
