"""A parameter whose choices get the same number of trials."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hydra.errors import HydraException

SPACE = ("word=choice(a, b, c)", "x=interval(0, 1)", "hydra.sweeper.stratify=word")


def words(app: Any) -> Counter[str]:
    return Counter(trial.params["word"] for trial in app.study().trials)


@pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "nsgaii", "qmc"])
@pytest.mark.parametrize("n_jobs", [1, 4])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_each_choice_gets_as_many(app: Any, sampler: str, n_jobs: int) -> None:
    def task(cfg: Any) -> float:
        return float(cfg.x) + (cfg.word == "a")  # which a sampler left alone would avoid

    app.sweep(
        *SPACE,
        f"hydra/sweeper/sampler={sampler}",
        "hydra.sweeper.n_trials=12",
        f"hydra.sweeper.n_jobs={n_jobs}",
        *app.kept,
        task=task,
    )
    assert words(app) == {"a": 4, "b": 4, "c": 4}


def test_a_continued_study_stays_stratified(app: Any) -> None:
    for n_trials in (4, 9):
        app.sweep(*SPACE, f"hydra.sweeper.n_trials={n_trials}", *app.kept)
    assert words(app) == {"a": 3, "b": 3, "c": 3}


def test_what_is_asked_for_first_counts(app: Any) -> None:
    app.sweep(*SPACE, "hydra.sweeper.enqueue=[{word: c, x: 0.5}]", "hydra.sweeper.n_trials=3", *app.kept)
    assert words(app) == {"a": 1, "b": 1, "c": 1}
    assert app.study().trials[0].params == {"word": "c", "x": 0.5}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("hydra.sweeper.stratify=x", r"hydra\.sweeper\.stratify must be a parameter .* choice.*Got 'x'"),
        ("hydra.sweeper.stratify=none", r"hydra\.sweeper\.stratify must be a parameter .*Got 'none'"),
        (
            "hydra/sweeper/sampler=bruteforce",
            r"hydra\.sweeper\.stratify must be null for a sampler that runs",
        ),
    ],
)
def test_refused(app: Any, override: str, message: str) -> None:
    space = [one for one in SPACE if "x=" not in one] if "force" in override else SPACE
    with pytest.raises(HydraException, match=message):
        app.sweep(*space, override)
