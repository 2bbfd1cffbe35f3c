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


EXPERIMENT = """\
# @package _global_
hydra:
  sweeper:
    n_trials: 2
    params: {word: "choice(a, b)", x: "interval(0, 1)", y: "range(1, 4)", +new: "choice(1, 2)"}
    conditions: {y: {word: b}}
"""
TRIMMED = """\
# @package _global_
defaults: [search]
hydra: {sweeper: {params: %s}}
"""


def trimmed(app: Any, params: str, *overrides: str) -> set[str]:
    """Return what is searched when an experiment extends another one and trims its search space."""
    app.write("experiment/search.yaml", EXPERIMENT)
    app.write("experiment/trimmed.yaml", TRIMMED % params)
    app.sweep("+experiment=trimmed", *overrides)
    names = app.trials[0].keys()
    return {name.removeprefix("params_") for name in names if name.startswith("params_")}


def test_null_drops_a_parameter_of_an_experiment(app: Any) -> None:
    assert trimmed(app, "{y: null, +new: null}") == {"word", "x"}
    app.clear()
    assert trimmed(app, "{}", "hydra.sweeper.params={x: null, +new: null}", "word=b") == {"y"}


def test_params_of_a_command_line(app: Any) -> None:
    app.sweep("hydra.sweeper.params={word: null, x: 'range(2)'}", "hydra.sweeper.n_trials=1")
    assert app.trials[0]["params_x"] in ("0", "1")
    with pytest.raises(HydraException, match=r"hydra\.sweeper\.params must be a mapping.* Got 5\."):
        app.sweep("hydra.sweeper.params=5")


@pytest.mark.parametrize(("word", "searched"), [("a", {"x"}), ("b", {"x", "y"})])
def test_a_condition_on_a_dropped_parameter_goes_by_the_config(
    app: Any, word: str, searched: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    app.write("choice/of.yaml", f"# @package _global_\nword: {word}\n")
    assert trimmed(app, "{word: null, +new: null}", "+choice=of") == searched
    said = "hydra.sweeper.conditions: y is not searched: word is a, not b." in capsys.readouterr().out
    assert said is (word == "a")


def test_a_condition_on_a_dropped_parameter_without_a_value(app: Any) -> None:
    app.write("choice/of.yaml", "# @package _global_\nword: null\n")
    with pytest.raises(HydraException, match=r"conditions: a condition needs word, which .* has no value"):
        trimmed(app, "{word: null}", "+choice=of")


def test_null_drops_a_condition(app: Any) -> None:
    searched = trimmed(app, "{word: null, +new: null}", "hydra.sweeper.conditions={y: null}")
    assert searched == {"x", "y"}


@pytest.mark.parametrize(
    ("params", "overrides", "message"),
    [
        (
            "{wrod: null}",
            [],
            r"params\.wrod: null drops a parameter .* has no wrod\. Searched are: word, x, y",
        ),
        (
            "{x: null}",
            ["hydra.sweeper.enqueue=[{x: 0.5}]"],
            r"enqueue: x is not searched, .* drops it \(null\)",
        ),
        (
            "{word: null}",
            ["hydra.sweeper.stratify=word"],
            r"drops it \(null\): set hydra\.sweeper\.stratify=null",
        ),
    ],
)
def test_what_asks_for_a_dropped_parameter(app: Any, params: str, overrides: list[str], message: str) -> None:
    with pytest.raises(HydraException, match=message):
        trimmed(app, params, *overrides)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("{x: {y: 1}, y: {x: 1}}", r"hydra\.sweeper\.conditions go in a circle: x, y"),
        ("{x: 1}", r"hydra\.sweeper\.conditions must be a mapping"),
        ("{x: {nothing: 1}}", "nothing is neither a parameter nor a value of the config"),
        ("{seed: {nothing: 1}}", "nothing is neither a parameter nor a value of the config"),
        ("{z: {word: a}}", r"hydra\.sweeper\.conditions: z is neither a parameter \(word, x, y\) nor of the"),
        ("{x.z: {word: a}}", r"hydra\.sweeper\.conditions: x\.z is neither"),
        ("{x: {word: [a, z]}}", r"conditions: x: word must be what it can be: Categorical.* Got 'z'"),
        ("{x: {y: 4}}", r"conditions: x: y must be what it can be: IntDistribution.* Got 4"),
        ("{y: {x: 2}}", r"conditions: y: x must be what it can be: FloatDistribution.* Got 2"),
        ("{seed: {word: z}}", r"conditions: seed: word must be what it can be"),
    ],
)
def test_refused(app: Any, conditions: str, message: str) -> None:
    with pytest.raises(HydraException, match=message):
        app.sweep(*SPACE, f"hydra.sweeper.conditions={conditions}")


def test_choices_that_the_command_line_leaves_out_may_be_named(app: Any) -> None:
    app.write(
        "hydra/sweeper/optuna.yaml",
        "defaults: [base_optuna, {sampler: tpe}, _self_]\n"
        "params: {word: 'choice(a, b, c)', x: 'interval(0, 1)', y: 'range(1, 4)'}\n"
        "conditions: {x: {word: a}, y: {word: [b, c]}}\n",
    )
    app.sweep("word=choice(a, b)", "y=1", "hydra.sweeper.n_trials=6")
    assert {trial["params_word"] for trial in app.trials} == {"a", "b"}
    assert all((trial["params_word"] == "a") == bool(trial["params_x"]) for trial in app.trials)
    app.clear()
    app.sweep("word=c", "hydra.sweeper.n_trials=2")
    assert "params_x" not in app.trials[0]


def test_conditions_of_what_is_fixed_may_name_what_is_fixed(app: Any) -> None:
    conditions = "hydra.sweeper.conditions={y: {word: b, seed: 7, directions: 1, gone: 1}}"
    app.sweep("x=interval(0,1)", "y=1", "+gone=2", conditions, "hydra.sweeper.n_trials=1")
    assert len(app.trials) == 1


def test_a_whole_number_of_an_interval(app: Any) -> None:
    app.sweep(
        "x=range(0, 2, 0.5)",
        "y=range(1, 4)",
        "hydra.sweeper.conditions={y: {x: 1}}",
        "hydra.sweeper.n_trials=8",
    )
    assert {trial["params_x"] for trial in app.trials if trial["params_y"]} == {"1.0"}
