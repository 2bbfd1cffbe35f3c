from __future__ import annotations

from typing import Any

import pytest
from hydra.errors import HydraException

from optuna_sweeper.search.arguments import read_arguments


def test_fixed_and_free() -> None:
    arguments = read_arguments({"x": "interval(0, 1)", "+n": 5}, ["y=1,2", "word='a, b'", "~z"])
    assert list(arguments.parameters) == ["x", "y"]
    assert arguments.overrides({"x": 0.5, "y": 2, "+hooked": "c d"}) == (
        "~z",
        "+n=5",
        "word='a, b'",
        "x=0.5",
        "y=2",
        "+hooked='c d'",
    )


@pytest.mark.parametrize("typed", ["x=3", "+x=3", "++x=3"])
def test_the_command_line_fixes_a_parameter(typed: str) -> None:
    arguments = read_arguments({"x": "interval(0, 1)"}, [typed])
    assert not arguments.parameters
    assert arguments.overrides({}) == (typed,)


def test_the_command_line_replaces_a_parameter() -> None:
    arguments = read_arguments({"x": "interval(0, 1)", "y": 1}, ["x=choice(a,b)", "y=range(3)"])
    assert {name: str(found.distribution) for name, found in arguments.parameters.items()} == {
        "x": "CategoricalDistribution(choices=('a', 'b'))",
        "y": "IntDistribution(high=2, log=False, low=0, step=1)",
    }
    assert not arguments.fixed


def test_a_deletion_takes_the_parameter_out() -> None:
    arguments = read_arguments({"x": "interval(0, 1)"}, ["~x"])
    assert not arguments.parameters
    assert arguments.overrides({}) == ("~x",)


def test_what_was_deleted_may_be_added() -> None:
    assert read_arguments(None, ["~x", "+x=choice(1,2)"]).overrides({"+x": 1}) == ("~x", "+x=1")


@pytest.mark.parametrize("null", ["x", "+x"])
@pytest.mark.parametrize("searched", ["x", "+x", "++x"])
def test_null_drops_a_parameter(null: str, searched: str) -> None:
    arguments = read_arguments({searched: "interval(0, 1)", "y": "range(3)", null: None}, [])
    assert list(arguments.parameters) == ["y"]
    assert arguments.dropped == ("x",)
    assert arguments.overrides({"y": 1}) == ("y=1",)


def test_the_command_line_searches_what_null_dropped() -> None:
    arguments = read_arguments({"x": None}, ["x=range(3)"])
    assert list(arguments.parameters) == ["x"]
    assert not arguments.dropped


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (True, "true"), ("null", "null"), (0.1, "0.1"), ("", "")]
)
def test_values_of_yaml(value: object, text: str) -> None:
    assert read_arguments({"x": value}, []).overrides({}) == (f"x={text}",)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("interval(0,", r"hydra\.sweeper\.params\.x: interval\(0, cannot be read"),
        ("choice()", r"hydra\.sweeper\.params\.x: choice\(\) cannot be read: .*empty choice"),
        ("interval(a, b)", "cannot be read"),
        ("range(9, 1)", r"hydra\.sweeper\.params\.x: the range is empty"),
        ([1, 2], r"hydra\.sweeper\.params\.x must be text"),
        ({"y": "1,2"}, "a nested key with dots"),
    ],
)
def test_refused(value: Any, message: str) -> None:
    with pytest.raises(HydraException, match=message) as caught:
        read_arguments({"x": value}, [])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("params", "command_line"),
    [
        ({"x": 1, "+x": "interval(0, 1)"}, []),
        (None, ["x=1", "x=interval(0,1)"]),
        (None, ["++x=1,2", "x=1"]),
    ],
)
def test_both_searched_and_fixed(params: Any, command_line: list[str]) -> None:
    with pytest.raises(HydraException, match=r"x.*: a parameter is .*, not both; see .*x") as caught:
        read_arguments(params, command_line)
    assert "\n" not in str(caught.value)
