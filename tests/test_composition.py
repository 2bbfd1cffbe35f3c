"""What the entry point asks of Hydra before it begins."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest
from hydra.core.config_store import ConfigStore

from recsys.composition import share_config_store


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
