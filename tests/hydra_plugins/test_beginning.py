from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra.errors import HydraException

from hydra_plugins.recsys_optuna_sweeper._attributes import WARM_START

RANDOM = ("hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")


def test_enqueued_questions_come_first_and_once(app: Any) -> None:
    app.write("hydra/sweeper/optuna.yaml", "defaults: [base_optuna, {sampler: random}, _self_]\n")
    first = "hydra.sweeper.enqueue=[{x: 0.5, word: b}, {word: a}]"
    space = ("x=interval(0, 1)", "word=choice(a, b)")
    for n_trials in (2, 3):
        app.sweep(*space, *RANDOM, first, f"hydra.sweeper.n_trials={n_trials}", *app.kept)
    trials = app.study().trials
    assert len(trials) == 3
    assert trials[0].params == {"x": 0.5, "word": "b"}
    assert trials[1].params["word"] == "a"


@pytest.mark.parametrize(
    ("enqueue", "message"),
    [
        ("[{z: 1}]", r"hydra\.sweeper\.enqueue: z must be one of x\. Got 1"),
        ("[{x: 2}]", r"hydra\.sweeper\.enqueue: x must be in FloatDistribution\(.*\)\. Got 2"),
        ("[{x: a}]", r"x must be in Float"),
        ("[1]", r"hydra\.sweeper\.enqueue must be a list of mappings"),
    ],
)
def test_questions_that_cannot_be_asked(app: Any, enqueue: str, message: str) -> None:
    with pytest.raises(HydraException, match=message):
        app.sweep("x=interval(0, 1)", f"hydra.sweeper.enqueue={enqueue}")


def test_a_grid_takes_no_questions(app: Any) -> None:
    with pytest.raises(HydraException, match="the grid sampler asks every combination anyway"):
        app.sweep("x=range(2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.enqueue=[{x: 1}]")


def test_warm_start(app: Any) -> None:
    app.sweep("x=interval(-1, 1)", "hydra.sweeper.n_trials=6", *RANDOM, *app.kept)
    before = [trial for trial in app.study().trials if trial.params["x"] >= 0]
    storage = app.kept[0]
    warm = "hydra.sweeper.warm_start={study_name: study}"
    app.sweep(
        "x=interval(0, 1)", warm, storage, *RANDOM, "hydra.sweeper.study_name=b", "hydra.sweeper.n_trials=2"
    )
    assert app.results["n_trials"]["complete"] == len(before) + 2
    taken = app.study("b").trials[: len(before)]
    assert [trial.user_attrs[WARM_START] for trial in taken] == [f"study/{trial.number}" for trial in before]
    assert [trial.value for trial in taken] == [trial.value for trial in before]


@pytest.mark.parametrize("scheme", ["journal:", "sqlite:///"])
def test_a_warm_start_from_a_misspelt_file_makes_none(app: Any, tmp_path: Path, scheme: str) -> None:
    file = tmp_path / "misspelt"
    override = f"hydra.sweeper.warm_start={{study_name: study, storage: '{scheme}{file}'}}"
    with pytest.raises(HydraException, match=f"study cannot be read: there is no file {file}"):
        app.sweep("x=interval(0, 1)", override, *app.kept)
    assert not file.exists()


def test_a_warm_start_from_nowhere(app: Any) -> None:
    with pytest.raises(
        HydraException, match=r"hydra\.sweeper\.warm_start: the study nothing cannot be read: "
    ):
        app.sweep("x=interval(0, 1)", "hydra.sweeper.warm_start={study_name: nothing}", *app.kept)
