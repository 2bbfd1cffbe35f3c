"""Overrides must come back out of Hydra's parser as the very value that went in."""

from __future__ import annotations

import math

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optuna_sweeper.search.encoding import encode


def parsed(value: object) -> object:
    return OverridesParser.create().parse_override(f"key={encode(value)}").value()


@settings(deadline=None)
@given(st.text())
@example("")
@example("1")
@example("1e5")
@example("true")
@example("Null")
@example("a, b")
@example("it's")
@example('say "hi"')
@example("back\\slash\\")
@example("\\'")
@example("choice(1,2)")
@example("[1,2]")
@example("a=b")
@example("${x}")
@example("line\nbreak")
@example(" spaces ")
def test_text_round_trips(text: str) -> None:
    assert parsed(text) == text


@settings(deadline=None)
@given(st.floats())
def test_floats_round_trip(number: float) -> None:
    back = parsed(number)
    assert isinstance(back, float)
    assert back == number or (math.isnan(back) and math.isnan(number))
    assert math.copysign(1, back) == math.copysign(1, number) or math.isnan(number)


@settings(deadline=None)
@given(st.integers())
def test_integers_round_trip(number: int) -> None:
    back = parsed(number)
    assert back == number
    assert type(back) is int


@pytest.mark.parametrize("value", [True, False, None])
def test_constants_round_trip(value: object) -> None:
    assert parsed(value) is value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("bitset", "bitset"),
        ("a/b.c-d", "a/b.c-d"),
        ("1", "'1'"),
        (None, "null"),
        (True, "true"),
        (1e-05, "1e-05"),
    ],
)
def test_words_are_quoted_only_where_needed(value: object, text: str) -> None:
    assert encode(value) == text


def test_other_types_are_refused() -> None:
    with pytest.raises(HydraException, match="must be text, numbers, booleans or null"):
        encode([1, 2])
