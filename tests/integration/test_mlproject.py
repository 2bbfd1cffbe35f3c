"""The entry points of MLproject say what the configuration says, its environments what the lock does."""

import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from recsys.__main__ import CONF
from tests import programs
from tests.conftest import ROOT

PROJECT = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), flags=re.M))


def command(entry, **given):
    """The command of an entry point, as MLflow makes it."""
    defaults = {name: one["default"] for name, one in PROJECT[entry]["parameters"].items()}
    return PROJECT[entry]["command"].format(**defaults | given)


def composed(overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return OmegaConf.to_yaml(compose("config", overrides))


def test_every_parameter_has_a_type_and_reaches_the_command():
    assert set(PROJECT) == {"main", "sweep", "reproduce", "serve"}
    for entry in PROJECT.values():
        assert set(re.findall(r"{(\w+)}", entry["command"])) == set(entry["parameters"])
        assert {one["type"] for one in entry["parameters"].values()} <= {"string", "float", "path", "uri"}


def test_the_defaults_of_a_run_are_those_of_the_configuration():
    program, overrides = shlex.split(command("main"))[:3], shlex.split(command("main"))[3:]
    assert program == ["python", "-m", "recsys"]
    assert composed(overrides) == composed([])


def test_parameters_of_a_run_reach_hydra():
    overrides = shlex.split(command("main", min_support=0.2, recommender="als"))[3:]
    assert "min_support: 0.2" in composed(overrides)
    assert "ALSRecommender" in composed(overrides)


def test_the_defaults_of_a_sweep_are_those_of_the_experiment():
    sweep, register = command("sweep").split(" && ")
    overrides = shlex.split(sweep)[3:]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        ours, theirs = (
            compose("config", one, return_hydra_config=True) for one in (overrides, ["experiment=seed_sweep"])
        )
    for made_up in (ours, theirs):  # by the time of the call
        del made_up.hydra.sweeper.study_name, made_up.hydra.sweeper.storage
    assert ours.hydra.sweeper == theirs.hydra.sweeper
    assert register == "python -m recsys registry register --latest"


@pytest.mark.parametrize("file", ["python_env.yaml", "conda.yaml"])
def test_the_environments_are_those_of_the_lock(file):
    environment = yaml.safe_load((ROOT / file).read_text())
    *packages, last = environment["dependencies"]
    python = environment.get("python") or packages[0].removeprefix("python=")
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert about["requires-python"] == f">={python}"
    assert last in ("-r requirements.txt", {"pip": ["-r requirements.txt"]})
    needed = {re.match(r"[\w.-]+", one)[0].lower() for one in about["dependencies"]}
    assert needed <= {name.lower() for name in PINNED}


def test_mlflow_runs_it_and_the_numbers_are_the_seeds(tmp_path):
    folder = Path(sys.executable).parent
    done = programs.run(
        [sys.executable, "-m", "mlflow", "run", ROOT, "-e", "reproduce", "--env-manager", "local"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
            # Looked for nowhere but here: the other edition needs a download.
            "RECSYS_DATA_DIR": str(tmp_path),
            "HTTPS_PROXY": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "n_rules 354,960, max_lift 55.916666666666664: as expected" in done.stdout
