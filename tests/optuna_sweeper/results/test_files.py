"""The files beside the trials."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hydra.errors import HydraException
from optuna.trial import create_trial

from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.study.attributes import JOB_DIR


def trial(value: float | list[float], x: float, **attributes: Any) -> optuna.trial.FrozenTrial:
    values = value if isinstance(value, list) else [value]
    return create_trial(
        values=values,
        params={"x": x},
        distributions={"x": optuna.distributions.FloatDistribution(0, 10)},
        user_attrs=attributes,
    )


def test_one_objective(app: Any) -> None:
    app.sweep("x=range(-1,1)", "word=choice('a b',c)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=3")
    found = app.results
    best = found.pop("best_trial")
    assert app.trials[best]["value"] == "0.0"
    assert found.pop("best_params") == {"x": 0, "word": app.trials[best]["params_word"]}
    assert found.pop("best_job_dir") == str(app.sweep_dir / str(best))
    assert found.pop("study_name").startswith("app-2")
    counts = {"complete": 4, "pruned": 0, "fail": 0}
    assert found == {"name": "optuna", "best_value": 0.0, "n_trials": counts, "ended_by": "total"}


def test_hydras_keys_come_first(app: Any) -> None:
    app.sweep("x=interval(0,1)", "hydra.sweeper.n_trials=1")
    assert list(app.results)[:3] == ["name", "best_params", "best_value"]


def test_the_front() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.add_trials([trial([1, 1], 1, job_dir="/run/0"), trial([2, 0], 2), trial([2, 2], 3)])
    found = ResultsWriter(study, Path()).results()
    assert found["solutions"] == [
        {"params": {"x": 1}, "values": [1.0, 1.0], "trial": 0, "job_dir": "/run/0"},
        {"params": {"x": 3}, "values": [2.0, 2.0], "trial": 2, "job_dir": None},
    ]
    assert "best_value" not in found


def test_nothing_yet() -> None:
    found = ResultsWriter(optuna.create_study(study_name="one"), Path()).results()
    assert found["best_params"] == {}
    assert found["best_value"] is None
    several = optuna.create_study(directions=["minimize"] * 2)
    assert ResultsWriter(several, Path()).results()["solutions"] == []


def test_table(app: Any) -> None:
    app.sweep("x=1,null", "+z='a,b',c", "hydra/sweeper/sampler=grid", task=lambda cfg: cfg.x or 0)
    header = "number state value params_x params_+z start end seconds job_dir fail_reason answered_from"
    header += " other_identity"
    assert list(app.trials[0]) == header.split()
    assert {row["params_x"] for row in app.trials} == {"1", "null"}
    assert {row["params_+z"] for row in app.trials} == {"a,b", "c"}
    assert all(float(row["seconds"]) > 0 and row["start"] < row["end"] for row in app.trials)


def test_table_of_two_objectives(app: Any) -> None:
    app.sweep("x=interval(0,1)", "hydra.sweeper.direction=[minimize,minimize]", "hydra.sweeper.n_trials=1",
              task=lambda cfg: [cfg.x, 1])  # fmt: skip
    assert app.trials[0]["value_0"] == app.trials[0]["params_x"]
    assert app.trials[0]["value_1"] == "1.0"


def test_files_are_whole_at_any_time(app: Any) -> None:
    """A job finds the results of the batches before it."""
    found: list[Any] = []

    def task(cfg: Any) -> float:
        found.append((app.results["n_trials"]["complete"], len(app.trials)))
        assert app.results["ended_by"] is None
        return float(cfg.x)

    app.sweep("x=interval(0,1)", "hydra.sweeper.n_trials=4", task=task)
    assert found == [(0, 0), (0, 0), (2, 2), (2, 2)]


def test_lines_that_are_remembered_are_those_of_now(tmp_path: Path) -> None:
    study = optuna.create_study()
    writer = ResultsWriter(study, tmp_path)
    open_trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 10)})
    study.add_trial(trial(1, 1))
    for news in (
        lambda: study.tell(open_trial, 3.0),
        lambda: study.ask({"another": optuna.distributions.IntDistribution(0, 3)}),
        lambda: study.add_trial(trial(2, 1, fail_reason="a, b")),
    ):
        writer.write()
        news()
        writer.write()
        table = (tmp_path / "trials.csv").read_text()
        ResultsWriter(study, tmp_path).write()
        assert (tmp_path / "trials.csv").read_text() == table
    assert [line.split(",")[1] for line in table.splitlines()] == [
        "state", "complete", "complete", "running", "complete"
    ]  # fmt: skip


def test_a_failed_write_keeps_the_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = optuna.create_study()
    study.add_trial(trial(1, 1, **{JOB_DIR: "/run/ä"}))
    writer = ResultsWriter(study, tmp_path)
    writer.write()
    before = sorted(path.name for path in tmp_path.iterdir())

    def refuse(*_: Any) -> None:
        raise OSError("disk full")

    study.add_trial(trial(0, 2))
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(HydraException, match=r"optimization_results\.yaml cannot be written: disk full\. "):
        writer.write()
    assert (
        sorted(path.name for path in tmp_path.iterdir())
        == before
        == ["optimization_results.yaml", "trials.csv"]
    )
    assert yaml.safe_load((tmp_path / before[0]).read_text("utf-8"))["best_job_dir"] == "/run/ä"


def test_names_of_files_and_columns_are_read_without_hydra_and_optuna() -> None:
    program = (
        "import sys; import optuna_sweeper.results.schema; "
        "print([name for name in ('hydra', 'omegaconf', 'optuna', 'yaml') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"
