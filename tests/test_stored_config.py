"""Configurations of strangers: what a file may build, and what it may not."""

import dataclasses
import shutil

import pytest
from hydra import compose, initialize_config_dir
from hydra.conf import ConfigSourceInfo
from omegaconf import OmegaConf

from recsys.errors import DataFormatError, ParameterError
from recsys.models.training import load_or_fit
from recsys.pipeline import Experiment
from recsys.recommenders import PopularityRecommender
from recsys.runs.stored_config import experiment_of, names_of, read_experiment, read_settings
from recsys.runs.trusted import CONF, listed_classes
from tests.integration.cures import tries
from tests.tracking.run_folders import write_run

GROUPS = [field.name for field in dataclasses.fields(Experiment)]
OWN = f"{__name__}.OwnRecommender"


class OwnRecommender(PopularityRecommender):
    """A class of the user's own, which conf/ does not list."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def run(written, tmp_path):
    """A run's folder to be changed."""
    shutil.copytree(written / ".hydra", tmp_path / ".hydra")
    return tmp_path


def change(folder, **groups):
    """Put values into the configuration of a run, as a stranger could."""
    path = folder / ".hydra" / "config.yaml"
    config = OmegaConf.to_container(OmegaConf.load(path))
    for name, values in groups.items():
        replaced = "_target_" in values if isinstance(values, dict) else True
        config[name] = values if replaced else config.get(name, {}) | values
    path.write_text(OmegaConf.to_yaml(OmegaConf.create(config)))
    return folder


@pytest.mark.parametrize("group", GROUPS)
def test_every_file_of_a_group_builds_listed_classes(group):
    assert listed_classes(group)
    assert all(name.startswith("recsys.") for name in listed_classes(group))


def shell(folder):
    return {"args": f"touch {folder}/ran", "shell": True}


POPEN = "recsys.runs.provenance.subprocess.Popen"
ATTACKS = {
    "module": lambda f: {"cache": {"_target_": POPEN, **shell(f)}},
    "module itself": lambda f: {"engine": {"_target_": "subprocess.Popen", **shell(f)}},
    "another group's class": lambda f: {"cache": {"_target_": "recsys.runs.output.Output"}},
    "nested": lambda f: {"recommender": {"rules": {"_target_": POPEN, **shell(f)}}},
    "in a list": lambda f: {"apriori": {"items": [{"x": {"_target_": POPEN, **shell(f)}}]}},
    "no text": lambda f: {"cache": {"_target_": ["subprocess.Popen"]}},
    "arguments": lambda f: {"cache": {"_target_": "recsys.mining.ItemsetCache", "_args_": [True]}},
    "partial": lambda f: {"cache": {"_target_": "recsys.mining.ItemsetCache", "_partial_": True}},
    "not recursive": lambda f: {"dataset": {"_recursive_": False}},
    "not converted": lambda f: {"dataset": {"_convert_": "none"}},
    "Spark": lambda f: {"engine": {"_target_": "recsys.spark.SparkEngine", "master": "spark://host:7077"}},
    "attribute of a listed class": lambda f: {"cache": {"_target_": "recsys.mining.ItemsetCache.__init__"}},
    "reference": lambda f: {"cache": "${evil}", "evil": {"_target_": POPEN, **shell(f)}},
    "reference inside": lambda f: {
        "recommender": {"rules": "${evil}"},
        "evil": {"_target_": POPEN, **shell(f)},
    },
    "nothing": lambda f: {"cache": None},
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_other_classes_are_refused_and_nothing_is_run(run, attack):
    change(run, **attack(run))
    with pytest.raises(ParameterError) as error:
        load_or_fit(str(run))
    assert "\n" not in str(error.value)
    assert not (run / "ran").exists()


def test_the_settings_of_a_model_are_a_file_too(run):
    settings = read_settings(run)
    settings["cache"] = {"_target_": POPEN, **shell(run)}
    with pytest.raises(ParameterError, match=r"cache\._target_ must be one of recsys\.mining\.ItemsetCache"):
        experiment_of(settings)
    assert not (run / "ran").exists()


SECRETS = {
    "text": {"dataset": {"name": "${oc.env:SECRET}"}},
    "part of an address": {"dataset": {"feedback": "postgresql://host/${oc.env:SECRET}"}},
    "reference": {"dataset": {"name": "${stolen}"}, "stolen": "${oc.env:SECRET}"},
    "by way of another": {
        "dataset": {"name": "${a.b}"},
        "a": {"b": "${c}"},
        "c": "${oc.env:SECRET}",
    },
    "put together": {"dataset": {"name": "${dollar}{oc.env:SECRET}"}, "dollar": "$"},
    "nested": {"dataset": {"name": "${oc.env:${word}}"}, "word": "SECRET"},
    "default": {"dataset": {"name": "${oc.env:NONE,${oc.env:SECRET}}"}},
    "decoded": {"dataset": {"name": "${oc.decode:'${oc.env:SECRET}'}"}},
    "selected": {"dataset": {"name": "${oc.select:stolen}"}, "stolen": "${oc.env:SECRET}"},
    "blanks": {"dataset": {"name": "${ oc.env:SECRET }"}},
}


@pytest.mark.parametrize("stolen", SECRETS.values(), ids=SECRETS)
def test_a_file_does_not_read_the_environment(run, monkeypatch, stolen):
    monkeypatch.setenv("SECRET", "hunter2")
    change(run, **stolen)
    with pytest.raises(Exception, match=r"^dataset\.(name|feedback)\b") as error:
        read_experiment(run)
    assert "hunter2" not in str(error.value)


def test_texts_of_a_model_are_not_put_together_to_a_variable(run, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    settings = read_settings(run)
    for name in ("${dataset.encoding}{oc.env:SECRET}", "${oc.env:SECRET}", "${apriori.metric}"):
        settings["dataset"] = settings["dataset"] | {"name": name, "encoding": "$"}
        with pytest.raises(ParameterError, match=r"dataset\.name must be"):
            experiment_of(settings)


def test_a_class_of_ones_own_is_built_when_it_is_trusted_by_name(run, monkeypatch):
    change(run, recommender={"_target_": OWN})
    with pytest.raises(ParameterError, match=rf"recommender\._target_.* Got '{OWN}'.*RECSYS_TRUSTED={OWN}$"):
        read_experiment(run)
    monkeypatch.setenv("RECSYS_TRUSTED", f"other.Class, {OWN}")
    assert type(read_experiment(run).recommender).__name__ == "OwnRecommender"


@tries("recsys/runs/trusted.py", "export RECSYS_TRUSTED")
def test_a_variable_is_read_when_it_is_trusted_by_name(run, monkeypatch):
    monkeypatch.setenv("SECRET", "shop")
    change(run, dataset={"name": "${oc.env:SECRET}"})
    with pytest.raises(ParameterError, match=r"export RECSYS_TRUSTED=oc\.env:SECRET$") as caught:
        read_experiment(run)
    name, _, value = str(caught.value).rpartition("export ")[2].partition("=")
    monkeypatch.setenv(name, value)
    assert read_experiment(run).dataset.name == "shop"


def test_what_the_command_line_names_is_the_users_own(run, tmp_path):
    own = tmp_path / "conf" / "recommender"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text(f"_target_: {OWN}\n")
    change(run, recommender={"_target_": OWN})
    overrides = [f"hydra.searchpath=[file://{tmp_path / 'conf'}]", "dataset.path=${oc.env:DATA}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*overrides, "dataset=csv"], return_hydra_config=True)
    config.hydra.runtime.config_sources = [
        ConfigSourceInfo(path=str(tmp_path / "conf"), schema="file", provider="")
    ]
    assert {OWN, "oc.env:DATA"} <= names_of(config)
    assert type(read_experiment(run, names_of(config)).recommender).__name__ == "OwnRecommender"


def test_the_cache_of_a_stranger_is_not_used(run):
    change(run, cache={"folder": str(run), "max_bytes": 0, "enabled": False})
    cache = read_experiment(run).cache
    assert (cache.folder, cache.enabled) == (None, False)
    assert cache.max_bytes > 0


@pytest.mark.parametrize("text", ["[]", "a: [", "!!python/object/apply:os.system [true]", "dataset: {}", "x"])
def test_what_is_no_configuration(tmp_path, text):
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text(text)
    with pytest.raises(DataFormatError):
        read_settings(tmp_path)
