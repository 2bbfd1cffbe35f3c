"""A study is continued with the question it was made for: configuration and data belong to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf

from optuna_sweeper.errors import SweepError
from optuna_sweeper.results.best_trials import BestTrials
from optuna_sweeper.study.attributes import ANSWERED_FROM, EQUIVALENCE, OVERRIDES
from optuna_sweeper.study.configuration import flatten
from optuna_sweeper.study.deduplication import KnownTrials, key_of
from optuna_sweeper.study.identity import write_spec
from optuna_sweeper.workers.worker import Worker

SPACE = ("y=choice(1,2)", "hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")
SPACE += ("hydra.sweeper.repeat=false", "hydra.sweeper.max_failure_rate=0")

HOOK = """
from pathlib import Path

def digest(cfg):
    return {"numbers": Path(cfg.word).read_text()}

def breaks(cfg):
    raise ValueError("no data")
"""


@pytest.fixture
def data(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the application reads, and of which it tells the sweeper."""
    (tmp_path / "data_hook.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "numbers.txt"
    path.write_text("10")
    app.write("config.yaml", (app.conf / "config.yaml").read_text().replace("word: a", f"word: {path}"))
    return path


def sweep(app: Any, n_trials: int, *more: str, hook: str = "digest") -> None:
    def task(cfg: Any) -> float:
        return float(cfg.y + int(Path(cfg.word).read_text()))

    digest = f"hydra.sweeper.data_digest=data_hook.{hook}"
    app.sweep(*SPACE, digest, f"hydra.sweeper.n_trials={n_trials}", *app.kept, *more, task=task)


def test_other_data_are_another_question(app: Any, data: Path) -> None:
    sweep(app, 3)
    data.write_text("20")
    with pytest.raises(
        HydraException,
        match=r"^The study study has another identity: the data of numbers was 10 and is 20\. Name another "
        r"hydra\.sweeper\.study_name .* hydra\.sweeper\.allow_changes=true",
    ):
        sweep(app, 6)
    assert len(app.study().trials) == 3
    data.write_text("10")  # the same data again, at another time
    sweep(app, 4)
    assert len(app.study().trials) == 4


def test_trials_of_other_data_are_neither_answers_nor_the_best(
    app: Any, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(app, 3)
    data.write_text("20")
    capsys.readouterr()
    sweep(app, 6, "hydra.sweeper.allow_changes=true")
    trials = app.study().trials
    assert [trial.value for trial in trials[3:]] == [20 + trial.params["y"] for trial in trials[3:]]
    assert all(trial.user_attrs.get(ANSWERED_FROM, 3) >= 3 for trial in trials[3:])
    best = min(trials[3:], key=lambda trial: trial.value)
    assert app.results["best_trial"] == best.number
    assert [row["other_identity"] for row in app.trials] == ["true"] * 3 + [""] * 3
    logged = capsys.readouterr().out
    assert "is continued with another identity: the data of numbers was 10 and is 20" in logged
    assert all(f"best: {value}" not in logged for value in (11, 12))


def test_nothing_is_best_where_all_trials_are_of_other_data(app: Any, data: Path) -> None:
    sweep(app, 2)
    data.write_text("20")
    with pytest.raises(HydraException, match=r"have another identity than now\. Raise hydra\.sweeper\.n_"):
        sweep(app, 2, "hydra.sweeper.allow_changes=true")
    assert app.results["best_trial"] is None


@pytest.mark.parametrize("sampler", ["grid", "bruteforce"])
def test_a_grid_is_not_continued_with_another_identity(app: Any, data: Path, sampler: str) -> None:
    sweep(app, 2, f"hydra/sweeper/sampler={sampler}")
    data.write_text("20")
    changed = (f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.allow_changes=true")
    with pytest.raises(HydraException, match=r"sampler: .* would omit those that the study study has run"):
        sweep(app, 4, *changed)
    data.write_text("10")
    sweep(app, 2, *changed)  # it is as it was


def test_a_brute_force_search_after_a_warm_start_runs_every_combination(app: Any, data: Path) -> None:
    sweep(app, 2)
    data.write_text("20")
    warm = ("hydra.sweeper.study_name=b", "hydra.sweeper.warm_start={study_name: study}")
    sweep(app, 4, *warm, "hydra/sweeper/sampler=bruteforce", f"hydra.sweep.dir={app.folder}/b")
    assert sorted(trial.value for trial in app.study("b").trials[2:]) == [21, 22]


def test_a_warm_start_from_other_data_guides_only(
    app: Any, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(app, 3)
    data.write_text("20")
    b = (f"hydra.sweep.dir={app.folder}/b", "hydra.sweeper.study_name=b")
    sweep(app, 2, *b, "hydra.sweeper.warm_start={study_name: study}")
    assert [trial.value for trial in app.study("b").trials[3:]] == [
        20 + trial.params["y"] for trial in app.study("b").trials[3:]
    ]
    assert (
        "study has another configuration or other data: the data of numbers was 10" in capsys.readouterr().out
    )
    c = (f"hydra.sweep.dir={app.folder}/c", "hydra.sweeper.study_name=c")
    sweep(app, 1, *c, "hydra.sweeper.warm_start={study_name: b}")
    trials = app.study("c").trials
    assert BestTrials(app.study("c"), trials[-1].user_attrs["identity"]).read()[0].value > 20


def test_a_default_that_was_edited_is_another_question(app: Any) -> None:
    app.sweep("x=interval(0,1)", "hydra.sweeper.n_trials=1", *app.kept)
    path = app.conf / "config.yaml"
    path.write_text(path.read_text().replace("word: a", "word: b"))
    with pytest.raises(HydraException, match=r"has another identity: word was a and is b\. Name"):
        app.sweep("x=interval(0,1)", "hydra.sweeper.n_trials=2", *app.kept)
    app.sweep("x=interval(0,1)", "word=a", "hydra.sweeper.n_trials=2", *app.kept)  # as it was


@pytest.mark.parametrize("key", ["word", "group", "group.deep.leaf"])
def test_keys_without_effect(app: Any, key: str) -> None:
    with (app.conf / "config.yaml").open("a") as file:
        file.write("group: {deep: {leaf: 1}}\n")
    ignored = (f"hydra.sweeper.ignored_keys=[{key}]", "x=interval(0,1)", *app.kept)
    app.sweep(*ignored, "hydra.sweeper.n_trials=1")
    changed = "word=b" if key == "word" else "group.deep.leaf=2"
    app.sweep(*ignored, changed, "hydra.sweeper.n_trials=2", "hydra.job.chdir=true")
    assert len(app.study().trials) == 2


def test_ignored_keys_are_a_list(app: Any) -> None:
    with pytest.raises(HydraException, match=r"^hydra\.sweeper\.ignored_keys must be a list of keys"):
        app.sweep("x=1,2", "hydra.sweeper.ignored_keys=word", *app.kept)


def test_a_file_of_a_searched_group_belongs_to_the_question(app: Any) -> None:
    for name, value in (("one", 1), ("two", 2)):
        app.write(f"model/{name}.yaml", f"depth: {value}\n")
    config = app.conf / "config.yaml"
    config.write_text(config.read_text().replace("[{override", "[{model: one}, {override"))
    asked = ("model=choice(one,two)", "hydra/sweeper/sampler=grid", *app.kept)
    app.sweep(*asked, task=lambda cfg: float(cfg.model.depth))
    app.write("model/two.yaml", "depth: 3\n")
    with pytest.raises(HydraException, match=r"model\.depth \(model=two\) was 2 and is 3"):
        app.sweep(*asked, task=lambda cfg: float(cfg.model.depth))


def test_a_hook_that_breaks_or_is_not_there(app: Any, data: Path) -> None:
    with pytest.raises(HydraException, match=r"^hydra\.sweeper\.data_digest: ValueError: no data"):
        sweep(app, 1, hook="breaks")
    with pytest.raises(HydraException, match=r"^hydra\.sweeper\.data_digest=data_hook\.nothing: "):
        sweep(app, 1, hook="nothing")
    assert not app.journal.exists()


def test_interpolations_are_as_written_and_passwords_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "hidden")
    config = OmegaConf.create(
        {
            "folder": "${hydra:runtime.output_dir}/a",
            "when": "${now:%Y}",
            "db": {
                "url": "postgresql://me:hidden@host/db",
                "password": "hidden",
                "user": "${oc.env:SECRET_OF_MINE}",
            },
            "layers": [1, {"a": 2}],
            "nothing": None,
            "empty": {},
            "hydra": {"sweep": 1},
        }
    )
    flat = flatten(config)
    assert "hidden" not in str(flat)
    assert flat["db.url"] == "'postgresql://me:***@host/db'"
    assert {key: flat[key] for key in ("layers", "nothing", "empty")} == {
        "layers": '[1, {"a": 2}]',
        "nothing": "null",
        "empty": "{}",
    }
    assert not any(key.startswith("hydra") for key in flat)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({EQUIVALENCE: "k"}, {EQUIVALENCE: "k", OVERRIDES: ["x=2"]}, True),
        ({EQUIVALENCE: "k"}, {EQUIVALENCE: "l"}, False),  # although the overrides are equal
        ({EQUIVALENCE: "k"}, {}, False),
        ({}, {EQUIVALENCE: "k"}, False),
        ({}, {}, True),
        ({}, {OVERRIDES: ["x=2"]}, False),
    ],
)
def test_the_key_decides_where_there_is_one(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    study = optuna.create_study()
    for attributes in (other, one):
        study.add_trial(optuna.trial.create_trial(value=1, user_attrs={OVERRIDES: ["x=1"], **attributes}))
    first, second = study.trials
    assert (key_of(second) == key_of(first)) is same
    assert (KnownTrials(study).find(second) == first) is same


def test_the_best_of_an_identity() -> None:
    study = optuna.create_study()
    for value, identity in ((1, "old"), (3, "new"), (2, "new")):
        study.add_trial(optuna.trial.create_trial(value=value, user_attrs={"identity": identity}))
    best = {identity: BestTrials(study, identity).read() for identity in (None, "new", "none")}
    assert best == {None: [study.trials[0]], "new": [study.trials[2]], "none": []}
    front = optuna.create_study(directions=["minimize", "minimize"])
    for values, identity in (([0, 0], "old"), ([1, 2], "new"), ([2, 1], "new"), ([3, 3], "new")):
        front.add_trial(optuna.trial.create_trial(values=values, user_attrs={"identity": identity}))
    assert [trial.number for trial in BestTrials(front, "new").read()] == [1, 2]


def test_of_processes_that_begin_at_once_all_have_one_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optuna_sweeper.workers.worker.sleep", lambda _: None)
    study = optuna.create_study()
    specs: list[dict[str, Any]] = [{"config": {"word": word}} for word in "abcd"]

    def work(spec: dict[str, Any]) -> bool:
        with Worker(study, 15) as worker:
            try:
                write_spec(study, worker, spec, allow_changes=False)
            except SweepError:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        agreed = list(pool.map(work, specs))
    assert agreed.count(True) == 1
    assert study.user_attrs["spec"] == specs[agreed.index(True)]
