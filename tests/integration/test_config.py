"""The configuration: every option composes and makes its object; every key is explained."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from recsys.cli import config_groups
from recsys.composition import build
from tests import programs
from tests.conftest import ROOT

CONF = ROOT / "conf"
FILES = sorted(path.relative_to(CONF) for path in CONF.rglob("*.yaml"))
GROUPS = ["dataset", "preprocessing", "apriori", "engine", "recommender", "evaluation", "objective"]
OPTIONS = [(path.parts[0], path.stem) for path in FILES if path.parts[0] in GROUPS]


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=True)


def leaves(prefix, value):
    """Yield the keys below a value of the configuration, without those of Hydra, with their values."""
    if not isinstance(value, dict) or not value:
        yield prefix, value
        return
    for name, child in value.items():
        if not name.startswith("_"):
            yield from leaves(f"{prefix}.{name}".lstrip("."), child)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_makes_its_object(group, option):
    path = ["dataset.path=ratings.csv"] if option in ("csv", "fimi", "parquet", "spark", "table") else []
    config = composed(f"{group}={option}", *path)
    hash(build(config, group))  # a cache key in the pipeline
    # --help does not compose, and shows the same.
    shown = {key.name: key.value for key in config_groups.keys(CONF / group / f"{option}.yaml")}
    values = dict(leaves("", OmegaConf.to_container(config[group], resolve=False)))
    assert shown | {"path": None} == values | {"path": None}


@pytest.mark.parametrize("name", [path.stem for path in FILES if path.parts[0] == "experiment"])
def test_every_experiment_composes_without_a_plus(name):
    config = composed(f"experiment={name}")
    assert config.hydra.runtime.choices.experiment == name
    for group in GROUPS:
        build(config, group)


def test_an_override_beats_an_experiment():
    assert composed("experiment=seed_table1", "apriori.min_support=0.2").apriori.min_support == 0.2


def test_the_seed_sweep_is_the_seeds_search():
    config = composed("experiment=seed_sweep")
    assert config.apriori.max_len == 2
    assert config.seed == config.hydra.sweeper.sampler.seed == 42
    assert config.hydra.sweeper.n_trials == 60
    assert config.hydra.sweeper.direction == ["maximize"]
    assert set(config.hydra.sweeper.params) == {
        "apriori.min_support",
        "apriori.metric",
        "apriori.min_threshold",
    }


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_key_is_commented(path):
    """A key is explained above it, on its line, or with the block that it stands in."""
    lines = (CONF / path).read_text().splitlines()
    assert any(line.startswith("#") and "@package" not in line for line in lines[:2]), "no comment on top"
    if "defaults:" in lines and path.name not in ("config.yaml", "optuna.yaml", "seed_sweep.yaml"):
        return  # its keys are explained in the file it is built on
    for above, line in itertools.pairwise(["", *lines]):
        if re.match(r"[\w.]+:", line) and not line.startswith(("_target_:", "defaults:")):
            assert "#" in line or above.startswith("#"), line


@pytest.mark.parametrize(
    "question", [["--help"], ["--cfg", "job"], ["--info", "defaults"], ["-sc", "query=bash"]]
)
def test_questions_are_answered_without_the_heavy_libraries(question, tmp_path):
    program = (
        "import atexit, sys; sys.argv = ['recsys', *sys.argv[1:]]; from recsys.__main__ import run\n"
        "heavy = {'mlflow', 'optuna', 'pandas', 'numba', 'scipy', 'pyarrow'}\n"
        "atexit.register(lambda: print('imported:', sorted(heavy & set(sys.modules))))\n"
        "run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *question],
        cwd=tmp_path,
        env={"PATH": "", "COMP_LINE": "recsys engine=", "COMP_POINT": "14"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "imported: []" in done.stdout
    assert ": _" not in done.stdout  # a group whose first option is internal
    assert not list(Path(tmp_path).iterdir())


def test_tab_completion_knows_the_options(tmp_path):
    done = programs.run(
        [sys.executable, "-m", "recsys", "-sc", "query=bash"],
        cwd=tmp_path,
        env={"PATH": "", "COMP_LINE": "recsys engine=", "COMP_POINT": "14"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"engine=bitset", "engine=mlxtend", "engine=fpgrowth"} <= set(done.stdout.split())
