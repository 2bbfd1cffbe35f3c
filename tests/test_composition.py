"""What the entry point asks of Hydra before it begins."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest
from hydra.core.config_store import ConfigStore

from recsys.composition import EXECUTION_WHITELIST, share_config_store
from recsys.runs.stored_config import CONF


@pytest.fixture
def store() -> Iterator[ConfigStore]:
    share_config_store()
    yield ConfigStore.instance()
    del ConfigStore.instance().__dict__["__deepcopy__"]


def test_the_shared_store_is_not_copied_and_what_it_hands_out_is(store: ConfigStore) -> None:
    assert copy.deepcopy([store])[0] is store
    node = store.load("hydra/config.yaml").node
    node.verbose = "changed"
    assert store.load("hydra/config.yaml").node.verbose is False


def test_processes_of_a_launcher_get_a_store(store: ConfigStore) -> None:
    other = pickle.loads(pickle.dumps(store))
    assert other is not store
    assert other.load("hydra/config.yaml").node == store.load("hydra/config.yaml").node
    assert copy.deepcopy(other) is other


def test_hydra_may_build_every_class_that_conf_names() -> None:
    # Hydra 1.4 does not start where the configuration, of log lines too, names a class that is not allowed.
    named = {
        name
        for file in CONF.rglob("*.yaml")
        for name in re.findall(r"(?m)^\s*(?:_target_|\(\)|class): (\S+)", file.read_text())
    }
    patterns = [*EXECUTION_WHITELIST, "hydra.*", "hydra_plugins.*", "logging.*"]
    assert "optuna_sweeper.safe_text.SafeFormatter" in named
    assert not [name for name in named if not any(fnmatchcase(name, pattern) for pattern in patterns)]
