"""Applications written for the official sweeper run on this one unchanged, without a warning."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from optuna_sweeper.jobs.fast_launcher.composer import is_known_hydra
from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS

COMMON = """\
hydra:
  sweep: {dir: out}
  sweeper:
    study_name: example
    storage: null
    n_jobs: 1
    n_trials: 20
"""

GRID = """\
defaults:
  - override hydra/sweeper: optuna
  - override hydra/sweeper/sampler: grid
x: 1
y: 1
""" + COMMON + """\
    direction: minimize
    params:
      x: range(-5.5, 5.5, step=0.5)
      y: choice(-5 ,0 ,5)
"""  # fmt: skip

FRONT = """\
defaults:
  - override hydra/sweeper: optuna
  - override hydra/sweeper/sampler: nsgaii
x: 1
y: 1
""" + COMMON + """\
    sampler:
      seed: 123
    direction: [minimize, minimize]
    params:
      x: range(0, 5, step=0.5)
      y: range(0, 3, step=0.5)
"""  # fmt: skip

HOOK = """\
defaults:
  - override hydra/sweeper: optuna
x: 1
z: 100
reach: 0.5
""" + COMMON + """\
    sampler:
      seed: 123
    direction: minimize
    params:
      x: range(-5.5, 5.5, 0.5)
    custom_search_space: .app.configure
"""  # fmt: skip

PROGRAM = """
import warnings

import hydra
from omegaconf import DictConfig
from optuna.exceptions import ExperimentalWarning
from optuna.trial import Trial

warnings.filterwarnings("ignore", category=ExperimentalWarning)


@hydra.main(version_base={version}, config_path="conf", config_name="config")
def main(cfg: DictConfig):
    return {returned}


def configure(cfg: DictConfig, trial: Trial) -> None:
    x = trial.params["x"]
    trial.suggest_float("z", x - cfg.reach, x + cfg.reach)
    trial.suggest_float("+w", 0.0, 1.0)


if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("config", "version", "returned"),
    [
        (GRID, None, "cfg.x**2 + cfg.y**2"),
        pytest.param(
            GRID,
            '"1.2"',
            "cfg.x**2 + cfg.y**2",
            marks=pytest.mark.skipif(not is_known_hydra(), reason="gone with Hydra 1.4"),
        ),
        (FRONT, None, "4 * cfg.x**2 + 4 * cfg.y**2, (cfg.x - 5) ** 2 + (cfg.y - 5) ** 2"),
        (HOOK, None, "cfg.w**2 + cfg.x**2 + cfg.z**2"),
    ],
    ids=["grid", "grid of Hydra 1.2", "front", "hook"],
)
def test_an_example(tmp_path: Path, config: str, version: str | None, returned: str) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/config.yaml").write_text(config)
    (tmp_path / "app.py").write_text(PROGRAM.format(version=version, returned=returned))
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = programs.run(
        [sys.executable, *WARNINGS_ARE_ERRORS, "app.py", "--multirun"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = yaml.safe_load((tmp_path / "out/optimization_results.yaml").read_text())
    assert found["n_trials"] == {"complete": 20, "pruned": 0, "fail": 0}
    if config == FRONT:
        assert list(found)[:2] == ["name", "solutions"]
        assert all(list(one)[:2] == ["params", "values"] for one in found["solutions"])
    else:
        assert list(found)[:3] == ["name", "best_params", "best_value"]
    if config == HOOK:
        assert set(found["best_params"]) == {"x", "z", "+w"}
