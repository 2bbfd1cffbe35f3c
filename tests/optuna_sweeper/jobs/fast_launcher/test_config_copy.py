"""Copies of configs against those of `copy.deepcopy`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from omegaconf import MISSING, DictConfig, OmegaConf, StringNode, open_dict, read_write

from optuna_sweeper.jobs.fast_launcher.config_copy import copy_config, is_plain, same
from optuna_sweeper.jobs.fast_launcher.launcher import hydra_part, hydra_view

pytestmark = pytest.mark.usefixtures("slow_copies")


class Colour(Enum):
    RED = 1


@dataclass
class Part:
    name: str = MISSING
    path: Path = Path("a")
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    by_name: dict[str, float] = field(default_factory=lambda: {"a": 0.5})
    colour: Colour | None = None
    raw: bytes = b"x"
    on: bool = True


def config() -> DictConfig:
    made = OmegaConf.create(
        {
            "part": Part(),
            "other": "${part}",
            "list": [1, [None, {}], "${list.0}", "???"],
            "none": None,
            3: "x",
        }
    )
    made.nothing = OmegaConf.create(None)
    OmegaConf.set_struct(made, True)
    OmegaConf.set_readonly(made.part, True)
    assert made.other.sizes[0] == 1  # fills the caches of flags
    OmegaConf.get_cache(made)["now"]["%H"] = ["12"]
    return made


def test_a_copy_is_what_deepcopy_makes() -> None:
    original = config()
    copied = copy_config(original)
    assert is_plain(original)
    assert same(copied, copy.deepcopy(original))
    assert same(copied, original)
    assert OmegaConf.to_yaml(copied) == OmegaConf.to_yaml(original)
    assert OmegaConf.get_type(copied.part) is Part
    assert copied.part._get_parent() is copied


def test_a_copy_shares_nothing() -> None:
    original = config()
    before, copied = copy.deepcopy(original), copy_config(original)
    with read_write(copied.part), open_dict(copied):
        copied.part.sizes.append(3)
        copied.part.name = "b"
        copied.new = 1
        del copied["none"]
    OmegaConf.set_struct(copied, False)
    OmegaConf.get_cache(copied)["now"]["%H"].append("13")
    assert same(original, before)
    assert not same(original, copied)


def test_a_copy_without_a_key_is_what_deleting_it_makes() -> None:
    deleted = copy.deepcopy(config())
    with read_write(deleted), open_dict(deleted):
        del deleted["part"]
    assert same(copy_config(config(), without="part"), deleted)


def test_hydras_part_is_the_masked_copy_that_hydra_makes() -> None:
    original = OmegaConf.create({"hydra": Part(), "x": 1})
    OmegaConf.set_readonly(original.hydra, True)
    OmegaConf.set_struct(original, True)
    masked = OmegaConf.masked_copy(original, "hydra")
    assert same(hydra_part(original), masked)
    assert same(hydra_part(original), copy.deepcopy(masked))
    assert same(hydra_view(original), masked)
    assert hydra_view(original).hydra._get_parent() is original


@pytest.mark.parametrize(
    "change",
    [
        lambda made: OmegaConf.update(made, "list.0", 1.0),
        lambda made: OmegaConf.update(made, "list.0", True),
        lambda made: OmegaConf.set_struct(made, False),
        lambda made: OmegaConf.set_readonly(made.part, None),
        lambda made: made.__dict__["_content"].update(
            part=made.__dict__["_content"].pop("part")
        ),  # the order
        lambda made: OmegaConf.clear_cache(made),
        lambda made: made["list"].append(1),
    ],
)
def test_same_sees_each_difference(change: Callable[[DictConfig], Any]) -> None:
    changed = config()
    change(changed)
    assert not same(changed, config())
    assert same(changed, copy_config(changed))


class Special(StringNode):
    """A kind of node that OmegaConf does not have."""


def test_what_is_not_plain() -> None:
    special = OmegaConf.create({"a": {}})
    special.a.__dict__["_content"]["b"] = Special("x", key="b", parent=special.a)
    twice = OmegaConf.create({"a": {"x": 1}, "b": None})
    twice.__dict__["_content"]["b"] = twice._get_node("a")

    @dataclass
    class Either:
        value: int | str = 1

    assert not is_plain(special)
    assert not is_plain(twice)
    assert not is_plain(OmegaConf.structured(Either))
