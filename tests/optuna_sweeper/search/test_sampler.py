"""Every sampler of the group searches a real, tiny application."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import optuna
import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf

from hydra_plugins.recsys_optuna_sweeper.config import SAMPLERS
from optuna_sweeper.search.arguments import read_arguments
from optuna_sweeper.search.sampler import make_sampler

NEEDS = {"cmaes": "cmaes", "gp": "torch"}
SPACE = ("x=range(-2, 2, 0.5)", "y=range(0, 3)")


def need(sampler: str) -> None:
    package = NEEDS.get(sampler)
    if package and find_spec(package) is None:
        pytest.skip(f"the sampler {sampler} needs the package {package}")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_objective(app: Any, sampler: str) -> None:
    need(sampler)
    app.sweep(*SPACE, f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.n_trials=3")
    assert app.results["n_trials"] == {"complete": 3, "pruned": 0, "fail": 0}
    assert app.results["best_value"] == min(float(row["value"]) for row in app.trials)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS.keys() - {"cmaes"}))
def test_two_objectives(app: Any, sampler: str) -> None:
    need(sampler)
    app.sweep(
        *SPACE,
        f"hydra/sweeper/sampler={sampler}",
        "hydra.sweeper.n_trials=3",
        "hydra.sweeper.direction=[minimize,maximize]",
        task=lambda cfg: (cfg.x, cfg.y),
    )
    assert app.results["n_trials"]["complete"] == 3
    for solution in app.results["solutions"]:
        assert solution["values"] == [solution["params"]["x"], solution["params"]["y"]]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_seed_asks_the_same(sampler: str) -> None:
    need(sampler)
    parameters = read_arguments(None, SPACE).parameters

    def asked(seed: int) -> list[dict[str, Any]]:
        config = OmegaConf.structured(SAMPLERS[sampler](seed=seed))
        study = optuna.create_study(sampler=make_sampler(config, parameters, n_objectives=1))
        for _ in range(15):  # past the random start of TPE
            trial = study.ask()
            for found in parameters.values():
                found.suggest(trial)
            study.tell(trial, trial.params["x"] ** 2)
        return [trial.params for trial in study.trials]

    assert asked(1) == asked(1) != asked(2)


def test_sampler_of_the_application(app: Any) -> None:
    app.configure(seed="")
    app.write(
        "hydra/sweeper/sampler/mine.yaml",
        "_target_: optuna.samplers.PartialFixedSampler\nfixed_params: {y: 1}\n"
        "base_sampler: {_target_: optuna.samplers.RandomSampler, seed: 1}\n",
    )
    app.sweep(*SPACE, "hydra/sweeper/sampler=mine", "hydra.sweeper.n_trials=2")
    assert [row["params_y"] for row in app.trials] == ["1", "1"]


@pytest.mark.parametrize("sampler", ["grid", "bruteforce"])
def test_the_grid_ends(app: Any, sampler: str) -> None:
    app.sweep(
        "x=range(2)",
        "y=a,b",
        f"hydra/sweeper/sampler={sampler}",
        "hydra.sweeper.n_jobs=3",
        task=lambda cfg: 1,
    )
    tried = {(row["params_x"], row["params_y"]) for row in app.trials}
    assert len(app.trials) == 4
    assert tried == {("0", "a"), ("0", "b"), ("1", "a"), ("1", "b")}


def test_the_grid_goes_on_where_it_was_left(app: Any) -> None:
    for n_trials in (3, 6):
        app.sweep("x=range(4)", "hydra/sweeper/sampler=grid", f"hydra.sweeper.n_trials={n_trials}", *app.kept)
    assert sorted(row["params_x"] for row in app.trials) == ["0", "1", "2", "3"]


def test_nsgaiii_takes_reference_points(app: Any) -> None:
    app.sweep(
        *SPACE,
        "hydra/sweeper/sampler=nsgaiii",
        "hydra.sweeper.sampler.population_size=2",
        "hydra.sweeper.sampler.reference_points=[[0.0,1.0],[1.0,0.0]]",
        "hydra.sweeper.n_trials=6",
        "hydra.sweeper.direction=[minimize,minimize]",
        task=lambda cfg: (cfg.x, cfg.y),
    )
    assert len(app.trials) == 6


def constraints(trial: Any) -> list[float]:
    """Constraints for Optuna: a trial is feasible from x = 0.5 on."""
    return [0.5 - trial.params["x"]]


def constraints_of_two(trial: Any, bound: float) -> list[float]:
    raise AssertionError


@pytest.mark.filterwarnings("ignore:.*constraints_func:FutureWarning")
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("sampler", ["tpe", "nsgaii", "nsgaiii"])
def test_constraints(app: Any, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "own_app", sys.modules[__name__])
    path = "hydra.sweeper.sampler.constraints_func=own_app.constraints"
    app.sweep("x=interval(0, 1)", f"hydra/sweeper/sampler={sampler}", path, "hydra.sweeper.n_trials=8")
    assert app.results["best_value"] >= 0.25


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("own_app.nothing", r"sampler\.constraints_func=own_app\.nothing: Error loading"),
        ("own_app.SPACE", r"constraints_func=own_app\.SPACE: .*non-callable"),
        ("5", r"constraints_func must be the dotted path of a function of a trial\. Got 5\.$"),
        (
            "own_app.constraints_of_two",
            r"constraints_func: constraints_of_two must take one argument, the trial: ",
        ),
    ],
)
def test_constraints_are_checked_before_the_first_trial(
    app: Any, path: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "own_app", sys.modules[__name__])
    with pytest.raises(HydraException, match=message) as caught:
        app.sweep("x=interval(0,1)", f"hydra.sweeper.sampler.constraints_func={path}")
    assert "\n" not in str(caught.value)
    assert not app.sweep_dir.exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["x=interval(0,1)", "hydra/sweeper/sampler=motpe"],
            r"Optuna 4 removed MOTPESampler, .* Set hydra/sweeper/sampler=tpe\.$",
        ),
        (
            [
                "x=interval(0,1)",
                "hydra/sweeper/sampler=random",
                "+hydra.sweeper.sampler.constraints_func=json.dumps",
            ],
            r"constraints_func: RandomSampler takes no constraints\. Use tpe, nsgaii, nsgaiii or gp\.",
        ),
        (["hydra/sweeper/sampler=grid", "x=interval(0,1)"], "x is continuous, and the grid sampler"),
        (
            ["hydra/sweeper/sampler=bruteforce", "x=interval(0,1)"],
            "x is continuous, and the brute-force sampler",
        ),
        (["hydra/sweeper/sampler=qmc", "x=1,2"], "QMCSampler searches numbers, and x are choices"),
        (["hydra/sweeper=base_optuna", "x=1,2"], "hydra.sweeper.sampler must be one of the group"),
        (
            ["hydra/sweeper/sampler=nsgaii", "x=1,2", "hydra.sweeper.sampler.population_size=1"],
            "hydra.sweeper.sampler: `population_size` must be greater than or equal to 2",
        ),
        (["x=1,2", "hydra.sweeper.sampler._target_=no.such.Sampler"], "hydra.sweeper.sampler: "),
        (
            ["x=1,2", "+hydra.sweeper.sampler.sed=1"],
            "hydra.sweeper.sampler: .*unexpected keyword argument 'sed'",
        ),
        (
            ["x=interval(0,1)", "hydra/sweeper/sampler=cmaes", "hydra.sweeper.direction=[minimize,maximize]"],
            "CmaEsSampler has one objective|needs cmaes. Run: pip install cmaes",
        ),
    ],
)
def test_refused(app: Any, overrides: list[str], message: str) -> None:
    with pytest.raises(HydraException, match=message):
        app.sweep(*overrides)
    assert not app.sweep_dir.exists()
