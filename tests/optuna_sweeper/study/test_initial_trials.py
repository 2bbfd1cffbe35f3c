from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra.errors import HydraException

from optuna_sweeper.study.attributes import WARM_START
from optuna_sweeper.study.initial_trials import add_initial_trials
from optuna_sweeper.workers.worker import Worker

RANDOM = ("hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")


def b(app: Any) -> tuple[str, str]:
    """Return the overrides of a second study, in a folder of its own."""
    return "hydra.sweeper.study_name=b", f"hydra.sweep.dir={app.folder}/b"


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
    ("space", "narrowed", "outside"),
    [
        ("x=interval(0, 10)", "x=interval(0, 1)", 8.5),
        ("x=range(0, 10)", "x=range(0, 2)", 8),
        ("x=choice(1, 8)", "x=choice(1, 2)", 8),
    ],
)
def test_questions_outside_a_narrowed_space_are_dropped(
    app: Any, space: str, narrowed: str, outside: float, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[float] = []
    app.sweep(space, *RANDOM, "hydra.sweeper.n_trials=1", "hydra.sweeper.enqueue=[{x: 1}]", *app.kept)
    study = app.study()
    study.enqueue_trial({"x": outside})
    study.enqueue_trial({"x": 1})
    if "choice" in space:  # Optuna refuses other choices of a parameter that a trial has had
        study = optuna.create_study(storage=study._storage, study_name="fresh")
        study.enqueue_trial({"x": outside})
        study.enqueue_trial({"x": 1})
    app.sweep(
        narrowed,
        *RANDOM,
        "hydra.sweeper.n_trials=2",
        "hydra.sweeper.allow_changes=true",
        "hydra.sweeper.repeat=true",
        app.kept[0],
        f"hydra.sweeper.study_name={study.study_name}",
        f"hydra.sweep.dir={app.sweep_dir}-{study.study_name}",
        task=lambda cfg: seen.append(cfg.x) or 1.0,
    )
    dropped = next(
        trial for trial in study.get_trials() if trial.system_attrs.get("fixed_params") == {"x": outside}
    )
    assert dropped.state.name == "FAIL"
    assert "discarded" in dropped.user_attrs
    assert outside not in seen
    assert seen[0] == 1
    assert f"Trial {dropped.number} is dropped: x must be in " in capsys.readouterr().out
    assert sum(trial.state.name == "COMPLETE" for trial in study.get_trials()) == 2


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
    with pytest.raises(HydraException, match="the grid sampler runs every combination anyway"):
        app.sweep("x=range(2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.enqueue=[{x: 1}]")


def test_processes_that_begin_together_enqueue_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one has looked whose turn it is, and not yet said that it is its own, when the other begins."""
    storage = optuna.storages.InMemoryStorage()
    early, late = (
        optuna.create_study(storage=storage, study_name="study", load_if_exists=True) for _ in range(2)
    )
    looked, entered, waited = threading.Event(), threading.Event(), threading.Event()

    def say(key: str, value: Any) -> None:
        looked.set()
        assert entered.wait(60)
        optuna.Study.set_user_attr(late, key, value)

    def look(**_: Any) -> Any:
        seen = optuna.Study.get_trials(early)
        entered.set()
        assert waited.wait(60)
        return seen

    def look_late(**_: Any) -> Any:
        seen = optuna.Study.get_trials(late)
        waited.set()
        return seen

    monkeypatch.setattr("optuna_sweeper.workers.worker.sleep", lambda _: waited.set())
    monkeypatch.setattr(late, "set_user_attr", say)
    monkeypatch.setattr(early, "get_trials", look)
    monkeypatch.setattr(late, "get_trials", look_late)

    def work(study: optuna.Study) -> None:
        with Worker(study, 15) as worker:
            add_initial_trials(study, worker, [{"x": 1}, {"x": 2}], [])

    with ThreadPoolExecutor() as pool:
        second = pool.submit(work, late)
        assert looked.wait(60)
        pool.submit(work, early).result(60)
        second.result(60)
    asked = [trial.system_attrs["fixed_params"] for trial in optuna.Study.get_trials(late)]
    assert asked == [{"x": 1}, {"x": 2}]


def test_the_turn_of_a_killed_process_passes_on(app: Any) -> None:
    app.sweep("x=interval(0, 1)", "hydra.sweeper.n_trials=1", *RANDOM, *app.kept)
    study = app.study()
    with Worker(study, 15) as dead:
        study.set_user_attr(f"ticket:{dead.id}", 0)
    app.sweep(
        "x=interval(0, 1)", "hydra.sweeper.enqueue=[{x: 0.5}]", "hydra.sweeper.n_trials=2", *RANDOM, *app.kept
    )
    assert app.study().trials[1].params == {"x": 0.5}


def test_warm_start(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.sweep("x=interval(-1, 1)", "hydra.sweeper.n_trials=6", *RANDOM, *app.kept)
    before = [trial for trial in app.study().trials if trial.params["x"] >= 0]
    storage = app.kept[0]
    warm = "hydra.sweeper.warm_start={study_name: study}"
    app.sweep("x=interval(0, 1)", warm, storage, *RANDOM, *b(app), "hydra.sweeper.n_trials=2")
    assert (
        f"warm_start: {len(before)} of the 6 complete trials of study fit the search space."
        in capsys.readouterr().out
    )
    assert len(app.study("b").trials) == len(before) + 2
    taken = app.study("b").trials[: len(before)]
    assert [trial.user_attrs[WARM_START] for trial in taken] == [f"study/{trial.number}" for trial in before]
    assert [trial.value for trial in taken] == [trial.value for trial in before]


HOOK = """
def wide(cfg, trial):
    if trial.params["x"] > 0:
        trial.suggest_int("y", 1, 4)

def narrow(cfg, trial):
    assert trial.user_attrs["word"] == "b"
    if trial.params["x"] > 0:
        trial.suggest_int("y", 1, 2)

def of_the_study(cfg, trial):
    trial.study.trials
"""


def test_a_warm_start_of_a_custom_search_space(
    app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hooks_of_a_warm_start.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    hook = "hydra.sweeper.custom_search_space=hooks_of_a_warm_start"
    same = ("x=choice(-1, 1)", "word=b", "hydra.sweeper.repeat=true", *RANDOM, app.kept[0])
    app.sweep(*same, f"{hook}.wide", "hydra.sweeper.study_name=study", "hydra.sweeper.n_trials=12")
    before = [trial for trial in app.study().trials if trial.params.get("y", 1) <= 2]
    assert {trial.params.get("y") for trial in before} == {None, 1, 2}
    assert len(before) < 12
    warm = "hydra.sweeper.warm_start={study_name: study}"
    more = (warm, *b(app), "hydra.sweeper.n_trials=1")
    with pytest.raises(HydraException, match=r"warm_start: .*custom_search_space cannot .*: AttributeError"):
        app.sweep(*same, f"{hook}.of_the_study", *more)
    app.sweep(*same, f"{hook}.narrow", *more)
    assert f"warm_start: {len(before)} of the 12 complete" in capsys.readouterr().out
    taken = app.study("b").trials[: len(before)]
    assert [trial.params for trial in taken] == [trial.params for trial in before]
    assert {trial.distributions["y"].high for trial in taken if "y" in trial.params} == {2}


def test_a_warm_start_does_not_ask_what_was_taken_over(app: Any) -> None:
    kept = (app.kept[0], "hydra.sweeper.n_trials=4", "hydra.sweeper.sampler.seed=1", *RANDOM)
    app.sweep("x=interval(0, 1)", *kept, "hydra.sweeper.study_name=study")
    app.sweep(
        "x=interval(0, 1)",
        *kept,
        *b(app),
        "hydra.sweeper.warm_start={study_name: study}",
    )
    assert len({trial.params["x"] for trial in app.study("b").trials}) == 8


def test_a_study_does_not_take_over_its_own(app: Any) -> None:
    app.sweep("x=interval(0, 1)", "hydra.sweeper.n_trials=1", *RANDOM, *app.kept)
    with pytest.raises(HydraException, match=r"warm_start\.study_name must be another study than .*'study'"):
        app.sweep("x=interval(0, 1)", "hydra.sweeper.warm_start={study_name: study}", *RANDOM, *app.kept)
    assert len(app.study().trials) == 1


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
