"""YAML text against OmegaConf's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from optuna_sweeper.jobs.fast_launcher.yaml_text import YamlWriter

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=120),
    st.sampled_from(
        ["", "null", "yes", "1e3", "1_000", "a: b", "- a", "# a", "a\nb", " a ", "'", '"', "é" * 90]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just("${x.y}"))
KEYS = st.one_of(st.sampled_from(["a", "b", "no", "1", "x y", "k" * 150]), st.text(max_size=5))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)
CONFIGS = st.one_of(st.dictionaries(KEYS, VALUES, max_size=5), st.lists(VALUES, max_size=3))


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(CONFIGS, min_size=2, max_size=4))
def test_one_writer_writes_what_omegaconf_writes(contents: list[Any]) -> None:
    writer = YamlWriter()
    for content in [*contents, *contents]:
        config = OmegaConf.create(content)
        assert writer.text(config) == OmegaConf.to_yaml(config)


@pytest.mark.parametrize(
    "values",
    [
        [1, 1.0, True, "1", None, "", [], {}, [1], {"a": 1}, {"a": {}}, {"a": {"": 0}}, 0.0, -0.0],
        [Path("a"), b"a", [Path("a"), Path("a")], {"deep": [{"b": b"a"}]}],
        [{1: "a"}, {True: "a"}, {1.5: {"b": 1}}, [{1: {2: 3}}]],
    ],
)
def test_values_that_are_equal_or_strange(values: list[Any]) -> None:
    writer = YamlWriter()
    for value in [*values, *reversed(values)]:
        config = OmegaConf.create({"outer": {"inner": {"key": value}}, "last": value})
        assert writer.text(config) == OmegaConf.to_yaml(config)
