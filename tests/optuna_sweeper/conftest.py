"""A tiny Hydra application in a temporary folder, and sweeps of it in this process."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests import composition_cache

# The samplers that have no seed of their own have this one: the tests must not draw anew.
SEED = "  sweeper: {sampler: {seed: 0}}\n"
CONFIG = """\
defaults: [{override hydra/sweeper: optuna}, _self_]
x: 1.0
y: 0
word: a
seed: 7
directions: [minimize]
hydra:
  output_subdir: null
  sweep: {dir: "${oc.env:APP}/multirun", subdir: "${hydra.job.num}"}
%s  job_logging: {handlers: {file: {filename: "${hydra.runtime.output_dir}/job.log"}}}
"""


def parabola(cfg: DictConfig) -> float:
    """The objective that most tests minimise: 0 at x=0, y=0."""
    return float(cfg.x) ** 2 + abs(cfg.y)


@dataclass
class App:
    """The application: its config folder and what a sweep of it left."""

    folder: Path

    @property
    def conf(self) -> Path:
        return self.folder / "conf"

    @property
    def sweep_dir(self) -> Path:
        return self.folder / "multirun"

    def configure(self, seed: str = SEED) -> None:
        """Write the primary config."""
        self.write("config.yaml", CONFIG % seed)

    def write(self, name: str, text: str) -> None:
        path = self.conf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def sweep(
        self, *overrides: str, task: Callable[[DictConfig], Any] = parabola, version_base: str | None = "1.3"
    ) -> None:
        """Run the sweep as `python app.py -m` would, errors as they are raised."""
        if (
            "hydra/launcher=joblib" in overrides
        ):  # it reuses processes, with the environment of an earlier test
            overrides = (*overrides, f"hydra.sweep.dir={self.sweep_dir}")
        with initialize_config_dir(str(self.conf), version_base=version_base, job_name="app"):
            GlobalHydra.instance().hydra.multirun(
                config_name="config",
                task_function=task,
                overrides=list(overrides),
                with_log_configuration=True,
            )

    def clear(self) -> None:
        """Remove the folder of the sweep, which belongs to one study, for another."""
        shutil.rmtree(self.sweep_dir, ignore_errors=True)

    @property
    def results(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load(
            (self.sweep_dir / "optimization_results.yaml").read_text("utf-8")
        )
        return loaded

    @property
    def trials(self) -> list[dict[str, str]]:
        with (self.sweep_dir / "trials.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def kept(self) -> tuple[str, str]:
        """Overrides that keep the study in a file: a journal, which is faster to make than a database."""
        backend = f"{{_target_: optuna.storages.journal.JournalFileBackend, file_path: {self.journal}}}"
        storage = f"{{_target_: optuna.storages.JournalStorage, log_storage: {backend}}}"
        return f"hydra.sweeper.storage={storage}", "hydra.sweeper.study_name=study"

    def study(self, name: str = "study") -> optuna.Study:
        """The study of a sweep that was given `*app.kept`."""
        storage = JournalStorage(JournalFileBackend(str(self.journal)))
        return optuna.load_study(study_name=name, storage=storage)

    @property
    def journal(self) -> Path:
        return self.folder / "journal.log"


@pytest.fixture(scope="module")
def slow_copies() -> Iterator[None]:
    """Copy configs as OmegaConf does."""
    with composition_cache.slow_copies():
        yield


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    # In the environment, the folder leaves the texts of all tests equal: they are composed once.
    os.environ["APP"] = str(tmp_path)
    application = App(tmp_path)
    application.configure()
    yield application
    del os.environ["APP"]
