"""The loop: batches, failures, interruptions, and what the trials then say."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import hydra.utils
import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from optuna.trial import TrialState

from optuna_sweeper.study.attributes import FAIL_REASON, JOB_DIR, JOB_NUM, OVERRIDES
from optuna_sweeper.workers.trial_allocation import TrialAllocation, discard

SPACE = "x=interval(-1, 1)"
COMPLETE, FAIL, PRUNED, WAITING = TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED, TrialState.WAITING


def states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.trials]


def fail_at(*numbers: int, error: BaseException | None = None, value: Any = None) -> Any:
    """An application that raises, or returns a bad value, in the jobs of these numbers."""

    def task(cfg: DictConfig) -> Any:
        if HydraConfig.get().job.num in numbers:
            if error is not None:
                raise error
            return value
        return float(cfg.x) ** 2

    return task


@pytest.mark.parametrize(("n_jobs", "batches"), [(1, [1, 1, 1]), (2, [2, 1]), (7, [3])])
def test_n_trials_is_exact(
    app: Any, capsys: pytest.CaptureFixture[str], n_jobs: int, batches: list[int]
) -> None:
    app.sweep(SPACE, "hydra.sweeper.n_trials=3", f"hydra.sweeper.n_jobs={n_jobs}")
    assert re.findall(r"Launching (\d+) jobs", capsys.readouterr().out) == [str(size) for size in batches]
    assert sorted(path.name for path in app.sweep_dir.iterdir() if path.is_dir()) == ["0", "1", "2"]


def test_what_a_trial_says_of_its_job(app: Any) -> None:
    app.sweep(SPACE, "word='a, b'", "hydra.sweeper.n_trials=2", *app.kept, "hydra.output_subdir=hydra")
    trial = app.study().trials[1]
    assert trial.user_attrs[JOB_NUM] == 1
    assert trial.user_attrs[JOB_DIR] == str(app.sweep_dir / "1")
    assert trial.user_attrs[OVERRIDES] == ["word='a, b'", f"x={trial.params['x']!r}"]
    assert trial.user_attrs["word"] == "'a, b'"
    assert f"x: {trial.params['x']}" in (app.sweep_dir / "1" / "hydra" / "config.yaml").read_text()


@pytest.mark.parametrize("key", ["worker", "equivalence", "discarded", "warm_start", "answered_from"])
def test_keys_of_the_application_called_like_the_attributes_of_a_trial(app: Any, key: str) -> None:
    ran = []

    def task(cfg: DictConfig) -> float:
        assert cfg[key] == 1
        assert len(ran) < 3
        ran.append(cfg.x)
        return float(cfg.x)

    with (app.conf / "config.yaml").open("a") as file:
        file.write(f"{key}: 0\n")
    app.sweep(SPACE, f"{key}=1", "hydra.sweeper.n_trials=3", *app.kept, task=task)
    assert len(ran) == 3
    assert app.study().trials[0].user_attrs.get(key) != "1"


def test_a_continued_study_counts_on(app: Any) -> None:
    for n_trials in (2, 4):
        app.sweep(SPACE, f"hydra.sweeper.n_trials={n_trials}", *app.kept)
    assert [trial.user_attrs[JOB_NUM] for trial in app.study().trials] == [0, 1, 2, 3]
    assert (app.sweep_dir / "3").is_dir()
    assert app.results["n_trials"]["complete"] == 4


def test_a_database(app: Any) -> None:
    url = f"sqlite:///{app.folder / 'study.db'}"
    kept = (f"hydra.sweeper.storage={url}", "hydra.sweeper.study_name=one")
    for n_trials in (1, 2):
        app.sweep(SPACE, f"hydra.sweeper.n_trials={n_trials}", *kept)
    assert states(optuna.load_study(study_name="one", storage=url)) == [COMPLETE, COMPLETE]


def test_values_reach_the_job_as_they_are(app: Any) -> None:
    seen = []
    app.sweep(
        "word=choice('1','a, b',true,2,[1,2],\"it's\")",
        "hydra/sweeper/sampler=grid",
        task=lambda cfg: seen.append(cfg.word) or len(seen),
    )
    assert sorted(map(str, seen)) == sorted(map(str, ["1", "a, b", True, 2, [1, 2], "it's"]))
    assert {type(value) for value in seen} >= {str, bool, int}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"error": ValueError("no data")}, "ValueError: no data"),
        ({"value": float("nan")}, "The application must return a number that is not NaN. Got nan."),
        ({"value": None}, "Got None."),
        ({"value": (1, 2)}, "The application must return a number, one for each"),
    ],
)
def test_failures_that_are_allowed(app: Any, bad: dict[str, Any], reason: str) -> None:
    allowed = ("hydra.sweeper.n_trials=4", "hydra.sweeper.max_failure_rate=0.5")
    app.sweep(SPACE, *allowed, *app.kept, task=fail_at(1, 2, **bad))
    study = app.study()
    assert states(study) == [COMPLETE, FAIL, FAIL, COMPLETE]
    assert reason in study.trials[1].user_attrs[FAIL_REASON]
    assert study.trials[1].user_attrs[JOB_DIR] == str(app.sweep_dir / "1")
    assert app.results["n_trials"] == {"complete": 2, "pruned": 0, "fail": 2}


def test_a_failure_stops_the_sweep_with_its_error(app: Any) -> None:
    with pytest.raises(ValueError, match="no data"):
        app.sweep(SPACE, *app.kept, task=fail_at(2, error=ValueError("no data")))
    assert states(app.study()) == [COMPLETE, COMPLETE, FAIL, COMPLETE]  # the whole batch is told
    assert app.results["n_trials"] == {"complete": 3, "pruned": 0, "fail": 1}
    assert app.results["ended_by"] == "failures"
    assert app.trials[2]["fail_reason"] == "ValueError: no data"


def test_a_bad_value_stops_the_sweep(app: Any) -> None:
    with pytest.raises(HydraException, match=r"must return a number that is not NaN\. Got 'high'"):
        app.sweep(SPACE, *app.kept, task=fail_at(0, value="high"))
    assert states(app.study()) == [FAIL, COMPLETE]


def test_all_fail(app: Any) -> None:
    allowed = ("hydra.sweeper.n_trials=3", "hydra.sweeper.max_failure_rate=1")
    with pytest.raises(
        HydraException, match=r"None of the 3 trials completed: 3 failed, 0 pruned\. .*KeyError"
    ):
        app.sweep(SPACE, *allowed, task=fail_at(0, 1, 2, error=KeyError("gone")))
    assert app.results["best_value"] is None
    assert app.results["n_trials"]["fail"] == 3
    assert app.results["ended_by"] == "failures"
    assert len(app.trials) == 3


def test_pruned(app: Any) -> None:
    app.sweep(SPACE, "hydra.sweeper.n_trials=3", *app.kept, task=fail_at(1, error=optuna.TrialPruned()))
    assert states(app.study()) == [COMPLETE, PRUNED, COMPLETE]
    assert app.results["n_trials"] == {"complete": 2, "pruned": 1, "fail": 0}


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_an_interruption_leaves_no_trial_running(app: Any, sampler: str) -> None:
    with pytest.raises(SystemExit, match="130"):
        app.sweep(
            "x=range(0, 4)",
            f"hydra/sweeper/sampler={sampler}",
            "hydra.sweeper.repeat=true",
            *app.kept,
            task=fail_at(3, error=KeyboardInterrupt()),
        )
    assert states(app.study()) == [COMPLETE, COMPLETE, FAIL, FAIL, WAITING, WAITING]  # to be asked again
    assert app.study().trials[3].user_attrs[FAIL_REASON] == "KeyboardInterrupt"
    assert app.results["n_trials"] == {"complete": 2, "pruned": 0, "fail": 0, "discarded": 2}


def test_a_key_that_the_application_has_not(app: Any) -> None:
    with pytest.raises(HydraException, match="Could not override 'nosuchkey'"):
        app.sweep("nosuchkey=1,2", *app.kept)
    assert not app.journal.exists()  # it is refused before there is a study


def test_no_combination_is_left_out_where_another_process_asked_the_same(app: Any) -> None:
    def task(cfg: DictConfig) -> float:
        if HydraConfig.get().job.num == 0:
            trial = app.study().trials[0]
            app.study().add_trial(
                optuna.trial.create_trial(value=0, params=trial.params, distributions=trial.distributions)
            )
        return float(cfg.x)

    brute_force = ("hydra/sweeper/sampler=bruteforce", "hydra.sweeper.n_trials=10", "hydra.sweeper.n_jobs=1")
    app.sweep("x=range(0,3)", *brute_force, *app.kept, task=task)
    assert sorted(trial.params["x"] for trial in app.study().trials[1:]) == [0, 1, 2]


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_brute_force_passes_over_what_is_no_result(app: Any, chosen: int) -> None:
    """A trial was given back, or its process was killed, before so many of its parameters were chosen."""
    brute_force = ("hydra/sweeper/sampler=bruteforce", "hydra.sweeper.n_jobs=1")
    space = ("x=range(0,2)", "y=range(0,2)")
    app.sweep(*space, *brute_force, "hydra.sweeper.n_trials=1", *app.kept)
    study = app.study()
    trial = study.ask()
    for name in ("x", "y")[:chosen]:
        trial.suggest_int(name, 0, 1)
    discard(study, study._storage.get_trial(trial._trial_id), "surplus", "")
    app.sweep(*space, *brute_force, "hydra.sweeper.n_trials=10", *app.kept)
    tried = [tuple(trial.params.values()) for trial in app.study().trials if trial.state is COMPLETE]
    assert sorted(tried) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_finished_study_of_failures_says_so_again(app: Any) -> None:
    asked = (SPACE, "hydra.sweeper.n_trials=2", "hydra.sweeper.max_failure_rate=1", *app.kept)
    for _ in range(2):
        with pytest.raises(HydraException, match=r"^None of the 2 trials completed: 2 failed, .*: no data$"):
            app.sweep(*asked, task=fail_at(0, 1, error=ValueError("no data")))
    assert len(app.study().trials) == 2


def test_a_finished_study_of_infeasible_trials_says_so_again(app: Any) -> None:
    for _ in range(2):
        with pytest.raises(HydraException, match=r"^None of the 2 trials keeps the constraints\.$"):
            app.sweep(
                SPACE,
                "hydra.sweeper.n_trials=2",
                *app.kept,
                task=lambda cfg: {"values": cfg.x, "constraints": [1]},
            )


# What an application gives to hydra.main from Hydra 1.4 on.
execution_whitelist: Any = getattr(hydra.utils, "execution_whitelist", nullcontext)


class BrokenSampler(optuna.samplers.RandomSampler):
    """Fails while the study is asked, when the trial exists but nobody has it yet."""

    def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
        if trial.number == 2:
            raise ArithmeticError("not positive definite")
        return super().infer_relative_search_space(study, trial)


def test_a_sampler_that_fails(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optuna.samplers, "RandomSampler", BrokenSampler)
    with pytest.raises(ArithmeticError), execution_whitelist(f"{__name__}.*"):
        app.sweep(SPACE, "hydra/sweeper/sampler=random", *app.kept)
    assert states(app.study()) == [COMPLETE, COMPLETE, FAIL]
    assert app.study().trials[2].user_attrs[FAIL_REASON] == "ArithmeticError: not positive definite"


HOOK = """
def configure(cfg, trial):
    if trial.params["x"] > 0:
        trial.suggest_int("y", 10, 10 + cfg.seed)
    trial.suggest_categorical("+extra", ["a b", "c,d"])

def twice(cfg, trial):
    trial.suggest_float("y", 0, 1)

def broken(cfg, trial):
    raise RuntimeError("no space")
"""


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "hooks_of_" + re.sub(r"\W", "_", tmp_path.name)  # a name of its own: modules are imported once
    (tmp_path / f"{name}.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    return f"hydra.sweeper.custom_search_space={name}"


def test_custom_search_space(app: Any, hooks: str) -> None:
    seen = []
    app.sweep(
        "x=choice(-1, 1)",
        f"{hooks}.configure",
        "hydra.sweeper.n_trials=4",
        "hydra.sweeper.sampler.seed=2",
        "hydra.sweeper.repeat=true",
        task=lambda cfg: seen.append(cfg) or cfg.y,
    )
    assert {cfg.x for cfg in seen} == {-1, 1}
    for cfg, row in zip(seen, app.trials, strict=True):
        assert cfg.extra in {"a b", "c,d"}
        assert (10 <= cfg.y <= 17) == (cfg.x > 0)
        assert row["params_y"] == (str(cfg.y) if cfg.x > 0 else "")


def test_custom_search_space_ends_with_brute_force(app: Any, hooks: str) -> None:
    app.sweep(
        "x=choice(-1, 1)",
        f"{hooks}.configure",
        "seed=1",
        "hydra/sweeper/sampler=bruteforce",
        "hydra.sweeper.n_jobs=1",
    )
    assert len(app.trials) == 6
    assert app.results["ended_by"] == "exhausted"


def test_custom_search_space_may_not_suggest_what_is_fixed(app: Any, hooks: str) -> None:
    with pytest.raises(HydraException, match=r"custom_search_space suggests what an override has fixed: y\."):
        app.sweep(SPACE, "y=1", f"{hooks}.twice", *app.kept)
    assert states(app.study()) == [FAIL]


def test_custom_search_space_that_raises(app: Any, hooks: str) -> None:
    with pytest.raises(RuntimeError, match="no space"):
        app.sweep(SPACE, f"{hooks}.broken", *app.kept)
    assert states(app.study()) == [FAIL]


def test_custom_search_space_that_is_not_there(app: Any, hooks: str) -> None:
    with pytest.raises(HydraException, match=r"^hydra\.sweeper\.custom_search_space=.*nothing: "):
        app.sweep(SPACE, f"{hooks}.nothing")


def test_joblib(app: Any) -> None:
    app.sweep(
        SPACE,
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=3",
        "hydra.sweeper.max_failure_rate=0.5",
        task=fail_at(1, error=ValueError("no data")),
    )
    assert [row["state"] for row in app.trials] == ["complete", "fail", "complete"]
    assert app.trials[1]["fail_reason"] == "ValueError: no data"
    assert [row["job_dir"] for row in app.trials] == [str(app.sweep_dir / str(number)) for number in range(3)]


def test_two_sweeps_on_one_study_do_not_mix_up_their_jobs(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes a number amid a batch; jobs still run in the folders of their trials."""
    take, overtaken = TrialAllocation.take, []

    def take_and_be_overtaken(claims: TrialAllocation, attributes: Any) -> int | None:
        trial_id = take(claims, attributes)
        if not overtaken:
            overtaken.append(take(claims, {}))
            discard(claims.study, claims.study._storage.get_trial(overtaken[0]), "surplus", "a test")
        return trial_id

    monkeypatch.setattr(TrialAllocation, "take", take_and_be_overtaken)
    app.sweep(SPACE, "hydra.sweeper.n_trials=2", *app.kept)
    trials = app.study().trials
    assert [trial.state for trial in trials] == [COMPLETE, FAIL, COMPLETE]
    assert [trials[number].user_attrs[JOB_DIR] for number in (0, 2)] == [str(app.sweep_dir / n) for n in "02"]
