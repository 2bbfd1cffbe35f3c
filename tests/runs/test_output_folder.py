"""The output folder is free: a sweep's belongs to one study, a job's to one trial."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from recsys.runs.output_folder import OutputFolderCallback


def config(folder: Path, sweeper: dict[str, object] | None = None, number: int = 0) -> DictConfig:
    return OmegaConf.create(
        {
            "hydra": {
                "mode": RunMode.MULTIRUN,
                "run": {"dir": str(folder)},
                "sweep": {"dir": str(folder), "subdir": "metric-${hydra.job.name}"},
                "sweeper": sweeper or {"max_batch_size": None},
                "job": {"num": number, "name": "lift"},
                "runtime": {"output_dir": str(folder / "metric-lift")},
                "output_subdir": ".hydra",
            }
        }
    )


def owned_by(folder: Path, study: str) -> None:
    (folder / ".study.json").write_text(json.dumps({"study": study}))
    (folder / "multirun.yaml").touch()


def test_a_study_is_continued_in_its_folder_and_another_is_refused(tmp_path: Path) -> None:
    owned_by(tmp_path, "one")
    OutputFolderCallback().on_multirun_start(config(tmp_path, {"study_name": "one"}))
    cure = f"It belongs to the study one. Set another: hydra.sweep.dir={tmp_path}-two"
    with pytest.raises(SystemExit, match=cure):
        OutputFolderCallback().on_multirun_start(config(tmp_path, {"study_name": "two"}))
    with pytest.raises(SystemExit, match="It belongs to the study one"):
        OutputFolderCallback().on_multirun_start(config(tmp_path))


def test_a_sweep_over_given_values_has_its_folder_alone(tmp_path: Path) -> None:
    OutputFolderCallback().on_multirun_start(config(tmp_path))
    (tmp_path / "multirun.yaml").touch()
    for sweeper in (None, {"study_name": "two"}):
        with pytest.raises(SystemExit, match=r"^hydra\.sweep\.dir must be a folder that no other sweep uses"):
            OutputFolderCallback().on_multirun_start(config(tmp_path, sweeper))


@pytest.mark.parametrize("name", ["multirun.yaml", ".study.json", ".trial.json"])
def test_a_single_run_stays_out_of_a_sweep(tmp_path: Path, name: str) -> None:
    (tmp_path / "metrics.json").touch()  # of an earlier run, which is replaced
    OutputFolderCallback().on_run_start(config(tmp_path))
    (tmp_path / name).touch()
    with pytest.raises(SystemExit, match=rf"must be a folder that no sweep uses.*It holds {name}"):
        OutputFolderCallback().on_run_start(config(tmp_path))


def test_two_jobs_in_one_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "metric-lift").mkdir()
    OutputFolderCallback().on_job_start(config(tmp_path))
    (tmp_path / "metric-lift/metrics.json").touch()
    cure = r"Set another hydra\.sweep\.dir, and "
    cure += r"'hydra\.sweep\.subdir=metric-\$\{hydra\.job\.name\}/\$\{hydra\.job\.num\}'"
    with pytest.raises(SystemExit, match=rf"Got '.*/metric-lift' for job 1, .* {cure}"):
        OutputFolderCallback().on_job_start(config(tmp_path, number=1))
    assert (tmp_path / "metric-lift/metrics.json").exists()


def test_the_optuna_sweeper_sees_to_the_folders_of_its_jobs(tmp_path: Path) -> None:
    (tmp_path / "metric-lift").mkdir()
    (tmp_path / "metric-lift/.trial.json").touch()
    OutputFolderCallback().on_job_start(config(tmp_path, {"study_name": "one"}))
