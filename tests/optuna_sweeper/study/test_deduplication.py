"""No question twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra.errors import HydraException
from optuna.trial import TrialState

from optuna_sweeper.study.attributes import ANSWERED_FROM, JOB_DIR

RANDOM = ("hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=1", "hydra.sweeper.n_jobs=1")
ONCE = "hydra.sweeper.repeat=false"


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_the_same_is_answered_from_the_study(
    app: Any, n_jobs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[float] = []
    app.sweep(
        "y=choice(1,2,3)",
        *RANDOM,
        ONCE,
        f"hydra.sweeper.n_jobs={n_jobs}",
        "hydra.sweeper.n_trials=9",
        *app.kept,
        task=lambda cfg: seen.append(cfg.y) or cfg.y / 2,
    )
    assert sorted(seen) == [1, 2, 3]
    trials = app.study().trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 9
    assert all(trial.value == trial.params["y"] / 2 for trial in trials)
    answered = [trial for trial in trials if ANSWERED_FROM in trial.user_attrs]
    assert len(answered) == 6
    for trial in answered:
        first = trials[trial.user_attrs[ANSWERED_FROM]]
        assert first.params == trial.params
        assert JOB_DIR in first.user_attrs
        assert JOB_DIR not in trial.user_attrs
    assert "known from trial" in capsys.readouterr().out


def test_twins_of_a_job_that_fails(app: Any) -> None:
    def task(cfg: Any) -> float:
        raise ValueError("no data")

    with pytest.raises(HydraException, match="None of the 3 trials completed: 3 failed"):
        app.sweep(
            "y=choice(1,2)",
            *RANDOM,
            ONCE,
            "hydra.sweeper.n_trials=3",
            "hydra.sweeper.n_jobs=3",
            "hydra.sweeper.max_failure_rate=1",
            task=task,
        )


def test_each_trial_is_run_unless_told_otherwise(app: Any) -> None:
    """The plugin does not know whether the application's values vary from run to run."""
    seen: list[float] = []
    app.sweep(
        "y=choice(1,2)",
        *RANDOM,
        "hydra.sweeper.n_trials=5",
        task=lambda cfg: seen.append(cfg.y) or 1.0,
    )
    assert len(seen) == 5


def test_distinct(app: Any) -> None:
    seen: list[float] = []
    app.sweep(
        "y=choice(1,2,3,4)",
        *RANDOM,
        ONCE,
        "hydra.sweeper.n_trials=3",
        "hydra.sweeper.distinct=true",
        task=lambda cfg: seen.append(cfg.y) or 1.0,
    )
    assert len(seen) == len(set(seen)) == 3


def test_distinct_ends_when_nothing_is_new(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optuna_sweeper.batch.MAX_REUSED", 5)
    app.sweep("y=choice(1,2)", *RANDOM, ONCE, "hydra.sweeper.n_trials=3", "hydra.sweeper.distinct=true")
    assert len([row for row in app.trials if row["job_dir"]]) == 2


HOOK = """
def same(cfg):
    assert cfg.word == "b"
    return None if cfg.y > 8 else cfg.y // 4


def breaks(cfg):
    raise ValueError("no data")
"""


def test_equivalence(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "equivalence_hook.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    seen: list[int] = []
    app.sweep(
        "y=range(11)",
        "word=b",
        "hydra/sweeper/sampler=grid",
        ONCE,
        "hydra.sweeper.equivalence=equivalence_hook.same",
        task=lambda cfg: seen.append(cfg.y) or float(cfg.y),
    )
    assert len(app.trials) == 11
    assert sorted(2 if y == 8 else y // 4 if y < 8 else y for y in seen) == [0, 1, 2, 9, 10]


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_equivalence_under_any_launcher(
    app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launcher: str
) -> None:
    (tmp_path / "equivalence_hook.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)

    def task(cfg: Any) -> float:  # not one of this module, which a process of joblib could not import
        return float(cfg.y)

    app.sweep(
        "y=range(4)",
        "word=b",
        "hydra/sweeper/sampler=grid",
        f"hydra/launcher={launcher}",
        "hydra.sweeper.n_jobs=2",
        ONCE,
        "hydra.sweeper.equivalence=equivalence_hook.same",
        *app.kept,
        task=task,
    )
    assert sum(ANSWERED_FROM in trial.user_attrs for trial in app.study().trials) == 3


def test_an_equivalence_that_breaks(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "equivalence_hook.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HydraException, match=r"^hydra\.sweeper\.equivalence: ValueError: no data"):
        app.sweep("y=1,2", "hydra.sweeper.equivalence=equivalence_hook.breaks", *app.kept)
    assert not [trial for trial in app.study().trials if trial.state is TrialState.RUNNING]


def test_an_equivalence_that_is_not_there(app: Any) -> None:
    with pytest.raises(HydraException, match=r"^hydra\.sweeper\.equivalence=no\.such"):
        app.sweep("y=1,2", "hydra.sweeper.equivalence=no.such")
