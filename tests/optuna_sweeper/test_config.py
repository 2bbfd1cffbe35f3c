"""The config surface: the official one, checked, and open to the application's own files."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hydra.errors import HydraException

from optuna_sweeper.jobs.fast_launcher.composer import is_known_hydra
from optuna_sweeper.settings import Settings
from tests.conftest import ROOT

OWN_SWEEPER = """
defaults:
  - base_optuna
  - sampler: tpe
  - _self_
sampler: {seed: "${seed}"}
direction: ${directions}
n_trials: 2
"""


@pytest.mark.parametrize(
    "version_base",
    [
        "1.3",
        pytest.param("1.2", marks=pytest.mark.skipif(not is_known_hydra(), reason="gone with Hydra 1.4")),
        None,
    ],
)
def test_the_application_extends_the_schema(app: Any, version_base: str | None) -> None:
    app.write("hydra/sweeper/optuna.yaml", OWN_SWEEPER)
    app.write("hydra/sweeper/sampler/tpe.yaml", "defaults: [base_tpe]\nn_startup_trials: 3\n")
    app.sweep("x=interval(0,1)", version_base=version_base)
    assert app.results["n_trials"]["complete"] == 2
    assert isinstance(app.results["best_value"], float)


def test_the_sampler_takes_the_seed_of_the_application(app: Any) -> None:
    app.configure(seed="")
    app.write("hydra/sweeper/optuna.yaml", OWN_SWEEPER)

    def asked(seed: int) -> float:
        app.clear()
        app.sweep("x=interval(0,1)", f"seed={seed}", "hydra.sweeper.n_trials=1")
        return float(app.results["best_params"]["x"])

    assert asked(1) == asked(1) != asked(2)


@pytest.mark.parametrize("wrong", ["n_trails: 5", "sampler: {sed: 5}", "n_trials: many"])
def test_the_applications_file_is_checked(app: Any, wrong: str) -> None:
    app.write("hydra/sweeper/optuna.yaml", "defaults: [base_optuna, {sampler: tpe}, _self_]\n" + wrong)
    with pytest.raises(HydraException, match="hydra/sweeper/optuna"):
        app.sweep("x=interval(0,1)")


@pytest.mark.parametrize("sampler", ["random", "grid", "nsgaii"])
def test_another_sampler_on_the_command_line(app: Any, sampler: str) -> None:
    app.write("hydra/sweeper/optuna.yaml", OWN_SWEEPER)
    app.sweep("x=range(3)", f"hydra/sweeper/sampler={sampler}")
    assert app.results["n_trials"]["complete"] == 2


@pytest.mark.parametrize("directions", ["maximize", "[maximize]"])
def test_one_direction_is_a_single_objective(app: Any, directions: str) -> None:
    app.write("hydra/sweeper/optuna.yaml", OWN_SWEEPER)
    app.sweep("x=interval(0,1)", f"directions={directions}", task=lambda cfg: cfg.x)
    assert app.results["best_value"] == max(float(row["value"]) for row in app.trials)


def test_several_directions(app: Any) -> None:
    app.write("hydra/sweeper/optuna.yaml", OWN_SWEEPER)
    app.sweep("x=interval(0,1)", "directions=[minimize,maximize]", task=lambda cfg: (cfg.x, cfg.x))
    assert len(app.results["solutions"]) == 2


def test_params_of_the_config(app: Any) -> None:
    app.write(
        "hydra/sweeper/optuna.yaml", OWN_SWEEPER + 'params: {x: "range(${seed}, 9)", y: 3, +new: "a,b"}\n'
    )
    seen = []
    app.sweep("x=5", task=lambda cfg: seen.append(cfg) or 1)
    assert all(cfg.x == 5 and cfg.y == 3 and cfg.new in {"a", "b"} for cfg in seen)
    app.clear()
    app.sweep(task=lambda cfg: seen.append(cfg) or 1)
    assert all(7 <= cfg.x < 9 for cfg in seen[2:])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["hydra.sweeper.n_trials=0"], r"hydra\.sweeper\.n_trials must be at least 1\. Got 0\."),
        (["hydra.sweeper.n_jobs=0"], r"hydra\.sweeper\.n_jobs must be at least 1\. Got 0\."),
        (
            ["hydra.sweeper.max_failure_rate=1.5"],
            r"hydra\.sweeper\.max_failure_rate must be between 0 and 1\. Got 1\.5\.",
        ),
        (["hydra.sweeper.max_failure_rate=-0.1"], "between 0 and 1"),
        (["hydra.sweeper.max_failure_rate=nan"], "between 0 and 1"),
        (
            ["hydra.sweeper.direction=up"],
            r"hydra\.sweeper\.direction must be minimize or maximize.* Got 'up'",
        ),
        (["hydra.sweeper.search_space={x:1}"], r"hydra\.sweeper\.params"),
        (["hydra.sweeper.n_trials=many"], "Error merging override hydra.sweeper.n_trials=many"),
        (["hydra.sweeper.trials=5"], "Could not override 'hydra.sweeper.trials'"),
        (["hydra.sweeper.sampler.sed=5"], "Could not override 'hydra.sweeper.sampler.sed'"),
        (["hydra.sweeper.sampler.seed=x"], "Error merging override hydra.sweeper.sampler.seed=x"),
        (["hydra.sweeper.storage=sqlite:////no/folder/x.db"], r"hydra\.sweeper\.storage cannot be used"),
    ],
)
def test_refused(app: Any, overrides: list[str], message: str) -> None:
    with pytest.raises(HydraException, match=message):
        app.sweep("x=interval(0,1)", *overrides)
    assert not app.sweep_dir.exists()


@pytest.mark.parametrize("overrides", [[], ["x=1"]])
def test_nothing_to_search(app: Any, overrides: list[str]) -> None:
    with pytest.raises(HydraException, match=r"nothing to search. Give hydra\.sweeper\.params"):
        app.sweep(*overrides)


def test_the_manual_has_every_setting() -> None:
    manual = (ROOT / "optuna_sweeper/README.md").read_text(encoding="utf-8")
    names = {field.name for field in dataclasses.fields(Settings)}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", manual)] == []


def test_the_sweeps_config_is_kept(app: Any) -> None:
    app.sweep("x=interval(0,1)", "hydra.sweeper.n_trials=1")
    assert "recsys_optuna_sweeper" in (app.sweep_dir / "multirun.yaml").read_text()
