"""Parameters that exist for some values of others only."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.errors import HydraException

SPACE = ("word=choice(a, b, c)", "x=interval(0, 1)", "y=range(1, 4)", "hydra.sweeper.n_jobs=1")


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsgaii"])
def test_a_parameter_of_one_value(app: Any, sampler: str) -> None:
    app.sweep(
        *SPACE,
        "hydra.sweeper.conditions={x: {word: [a, b]}, y: {word: b}}",
        f"hydra/sweeper/sampler={sampler}",
        "hydra.sweeper.n_trials=14",
        *app.kept,
    )
    wanted = {"a": {"word", "x"}, "b": {"word", "x", "y"}, "c": {"word"}}
    trials = app.study().trials
    assert {trial.params["word"] for trial in trials} == {"a", "b", "c"}
    assert all(trial.params.keys() == wanted[trial.params["word"]] for trial in trials)


def test_brute_force_ends(app: Any) -> None:
    seen: list[Any] = []
    app.sweep(
        "y=range(3)",
        "word=choice(a, b)",
        "hydra/sweeper/sampler=bruteforce",
        "hydra.sweeper.conditions={y: {word: b}}",
        task=lambda cfg: seen.append((cfg.word, cfg.y)) or 1.0,
    )
    assert sorted(seen) == [("a", 0), ("b", 0), ("b", 1), ("b", 2)]


@pytest.mark.parametrize(("overrides", "there"), [(["word=b"], True), (["word=c"], False), ([], False)])
def test_of_what_is_fixed(app: Any, overrides: list[str], there: bool) -> None:
    condition = "hydra.sweeper.conditions={y: {word: b}}"
    app.sweep("x=interval(0,1)", "y=range(3)", *overrides, condition, "hydra.sweeper.n_trials=2")
    assert ("params_y" in app.trials[0]) is there


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("{x: {y: 1}, y: {x: 1}}", r"hydra\.sweeper\.conditions go in a circle: x, y"),
        ("{xx: {word: a}}", "xx is neither a parameter nor a key of the config"),
        ("{x: 1}", r"hydra\.sweeper\.conditions must be a mapping"),
        ("{x: {nothing: 1}}", "nothing is neither a parameter nor a value of the config"),
    ],
)
def test_refused(app: Any, conditions: str, message: str) -> None:
    with pytest.raises(HydraException, match=message):
        app.sweep(*SPACE, f"hydra.sweeper.conditions={conditions}")
