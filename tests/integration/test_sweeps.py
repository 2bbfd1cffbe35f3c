"""Sweeps of recsys: every sampler, every launcher, every key."""

import csv
import dataclasses
import re
from importlib.util import find_spec

import pytest
import yaml
from hydra import compose, initialize_config_dir

from hydra_plugins.recsys_optuna_sweeper.config import SAMPLERS, OptunaSweeperConf
from tests.conftest import ROOT, shell

BASKETS = "user_id,item_id,rating\n" + "".join(
    f"u{user},i{item},5\n" for user in range(8) for item in range(6) if user % (item + 1) == 0
)
SWEEP = [
    "-m",
    "hydra/sweeper=optuna",
    "hydra.sweeper.n_trials=3",
    "hydra.sweep.dir=out",
    "dataset=csv",
    "dataset.path=ratings.csv",
    "evaluation=none",
    "apriori.min_support=range(0.1,0.5,0.1)",
    "apriori.max_len=range(2,4)",
    "output.show_rules=0",
    "~hydra.callbacks.report",
]
NEEDS = {"gp": "torch"}


@pytest.fixture
def ratings(tmp_path):
    (tmp_path / "ratings.csv").write_text(BASKETS)


def results(tmp_path):
    found = yaml.safe_load((tmp_path / "out/optimization_results.yaml").read_text())
    with (tmp_path / "out/trials.csv").open() as file:
        return found, list(csv.DictReader(file))


def need(sampler):
    if sampler in NEEDS and find_spec(NEEDS[sampler]) is None:
        pytest.skip(f"the sampler {sampler} needs the package {NEEDS[sampler]}")


@pytest.mark.usefixtures("ratings")
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler(call, tmp_path, sampler):
    need(sampler)
    outcome = call(*SWEEP, f"hydra/sweeper/sampler={sampler}")
    assert outcome.code == 0, outcome.stderr
    found, trials = results(tmp_path)
    assert list(found)[:3] == ["name", "best_params", "best_value"]
    assert found["n_trials"] == {"complete": 3, "pruned": 0, "fail": 0}
    assert found["best_value"] == max(float(trial["value"]) for trial in trials) > 1


@pytest.mark.usefixtures("ratings")
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_with_two_objectives(call, tmp_path, sampler):
    need(sampler)
    outcome = call(*SWEEP, "objective=lift_and_rules", f"hydra/sweeper/sampler={sampler}")
    if sampler == "cmaes":
        assert outcome.code == 1
        assert "CmaEsSampler has one objective" in outcome.stderr
        return
    assert outcome.code == 0, outcome.stderr
    found, trials = results(tmp_path)
    assert list(found)[:2] == ["name", "solutions"]
    assert found["n_trials"]["complete"] == 3
    told = {int(trial["number"]): [float(trial["value_0"]), float(trial["value_1"])] for trial in trials}
    assert found["solutions"]
    assert all(one["values"] == told[one["trial"]] for one in found["solutions"])


@pytest.mark.usefixtures("ratings")
def test_two_objectives_from_a_shell(tmp_path):
    done = shell(
        *SWEEP, "objective=lift_and_rules", "hydra/sweeper/sampler=nsgaii", "hydra/callbacks=untracked",
        cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Pareto front:" in done.stdout
    assert results(tmp_path)[0]["ended_by"] == "total"


def test_every_key_is_listed_with_a_comment():
    text = (ROOT / "conf/hydra/sweeper/optuna.yaml").read_text(encoding="utf-8")
    listed = yaml.safe_load(text)
    schema = {field.name: field.default for field in dataclasses.fields(OptunaSweeperConf)}
    groups = {key for entry in listed.pop("defaults") if isinstance(entry, dict) for key in entry}
    assert set(listed) | groups | {"_target_", "_recursive_"} == set(schema)
    for key in listed:
        assert re.search(rf"^#.*(\n#.*)*\n{key}:", text, re.MULTILINE), f"{key} has no comment"
    own = {"params", "direction", "sampler", "n_trials", "n_jobs", "study_name", "storage", "repeat"}
    own |= {"equivalence", "ignored_keys", "data_digest"}
    assert {key for key in listed if listed[key] != schema[key]} == own


def test_sweeps_that_start_at_once_have_names_and_folders_of_their_own():
    found = []
    for _ in range(2):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            hydra = compose("config", ["hydra/sweeper=optuna"], return_hydra_config=True).hydra
        found.append((hydra.sweeper.study_name, hydra.sweeper.storage, hydra.sweep.dir, hydra.run.dir))
    assert all(one != other for one, other in zip(*found, strict=True))
    assert all(name in storage for name, storage, *_ in found)


@pytest.mark.parametrize(
    ("launcher", "package"),
    [
        ("basic", "hydra"),
        ("joblib", "hydra_plugins.hydra_joblib_launcher"),
        ("submitit_local", "hydra_plugins.hydra_submitit_launcher"),
        ("submitit_slurm", "hydra_plugins.hydra_submitit_launcher"),
        ("ray", "hydra_plugins.hydra_ray_launcher"),
    ],
)
def test_launchers_compose(launcher, package):
    if find_spec(package) is None:
        pytest.skip(f"hydra/launcher={launcher} needs the package {package.removeprefix('hydra_plugins.')}")
    overrides = ["hydra/sweeper=optuna", f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=4"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("config", overrides, return_hydra_config=True)
    assert config.hydra.runtime.choices["hydra/launcher"] == launcher
    assert config.hydra.launcher._target_
    assert config.hydra.sweeper._target_.endswith("OptunaSweeper")
