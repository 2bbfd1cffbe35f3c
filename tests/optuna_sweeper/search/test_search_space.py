from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from optuna_sweeper.jobs.fast_launcher.composer import is_known_hydra
from optuna_sweeper.search.parameter import Parameter, parameter, range_values


def read(text: str) -> Parameter:
    return parameter(OverridesParser.create().parse_override(text), text)


@pytest.mark.parametrize(
    ("expression", "distribution"),
    [
        ("interval(0, 1)", FloatDistribution(0.0, 1.0)),
        ("interval(1, 10)", FloatDistribution(1.0, 10.0)),
        ("int(interval(1, 10))", IntDistribution(1, 10)),
        ("tag(log, interval(0.01, 1))", FloatDistribution(0.01, 1.0, log=True)),
        ("tag(log, int(interval(1, 100)))", IntDistribution(1, 100, log=True)),
        ("int(tag(log, interval(1, 100)))", IntDistribution(1, 100, log=True)),
        # The stop of a range is excluded, as in Hydra and Python.
        ("range(5)", IntDistribution(0, 4)),
        ("range(1, 4)", IntDistribution(1, 3)),
        ("range(0, 10, 3)", IntDistribution(0, 9, step=3)),
        ("range(0, 9, step=3)", IntDistribution(0, 6, step=3)),
        ("range(10, 0, -3)", IntDistribution(1, 10, step=3)),
        ("range(0, 1, 0.25)", FloatDistribution(0.0, 0.75, step=0.25)),
        ("range(0, 0.3, 0.1)", FloatDistribution(0.0, 0.2, step=0.1)),
        ("range(-5.5, 5.5, step=0.5)", FloatDistribution(-5.5, 5.0, step=0.5)),
        ("float(range(0, 3))", FloatDistribution(0.0, 2.0, step=1.0)),
        ("shuffle(range(3))", CategoricalDistribution([0, 1, 2])),
        ("choice(a, b)", CategoricalDistribution(["a", "b"])),
        ("a,b", CategoricalDistribution(["a", "b"])),
        ("choice(only)", CategoricalDistribution(["only"])),
        ("choice(1, 2.5, false, '3', 'a, b')", CategoricalDistribution([1, 2.5, False, "3", "a, b"])),
        ("1,null", CategoricalDistribution([1, None])),  # which Hydra's choice(...) does not take
        ("shuffle(choice(a, b))", CategoricalDistribution(["a", "b"])),
        ("sort(3, 1)", CategoricalDistribution([1, 3])),
    ],
)
def test_expressions(expression: str, distribution: BaseDistribution) -> None:
    assert read(f"x={expression}").distribution == distribution


@pytest.mark.parametrize(
    ("expression", "cast_bounds", "cast_values"),
    [
        # Hydra 1.3 casts start, stop and step; Hydra 1.4 casts each value of the range.
        ("int(range(0, 5, 1.5))", IntDistribution(0, 4), CategoricalDistribution([0, 1, 3, 4])),
        ("int(range(0, 1, 0.25))", None, IntDistribution(0, 0)),
        ("int(range(0, 6, 2.0))", IntDistribution(0, 4, step=2), IntDistribution(0, 4, step=2)),
        ("float(range(0, 3))", FloatDistribution(0.0, 2.0, step=1.0), FloatDistribution(0.0, 2.0, step=1.0)),
        ("int(range(5, 0, -1.0))", IntDistribution(1, 5), IntDistribution(1, 5)),
    ],
)
def test_cast_ranges(
    expression: str, cast_bounds: BaseDistribution | None, cast_values: BaseDistribution
) -> None:
    expected = cast_bounds if is_known_hydra() else cast_values
    if expected is not None:
        assert read(f"x={expression}").distribution == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("interval(1, 1)", "lower to a higher"),
        ("interval(2, 1)", "lower to a higher"),
        ("interval(0, inf)", "lower to a higher"),
        ("tag(log, interval(0, 1))", "above 0"),
        ("tag(log, interval(-1, 1))", "above 0"),
        ("tag(logg, interval(1, 2))", "tag logg"),
        ("tag(log, range(1, 9))", r"range\(\) does not take the tag log"),
        ("range(5, 5)", "empty"),
        ("range(5, 1)", "empty"),
        ("range(1, 5, 0)", "not 0"),
        ("choice(a, a)", "equal, a and a"),
        ("choice(1, 1.0)", "equal, 1 and 1.0"),
        ("choice(1, true)", "equal, 1 and true"),
        ("interval(0, 1),b", "another sweep"),
        ("glob(*)", "Name the options"),
    ],
)
def test_refused(expression: str, message: str) -> None:
    with pytest.raises(HydraException, match=message) as caught:
        read(f"x={expression}")
    assert str(caught.value).startswith(f"x={expression}: ")
    assert "\n" not in str(caught.value)


def test_lists_and_mappings_are_handed_on_as_they_are() -> None:
    found = read("x=choice([1,2],{a:b},'[1, 2]')")
    assert found.distribution == CategoricalDistribution(["[1,2]", "{a:b}", "[1, 2]"])
    assert [found.override(value) for value in ("[1,2]", "{a:b}", "[1, 2]")] == [
        "x=[1,2]",
        "x={a:b}",
        "x='[1, 2]'",
    ]


def test_the_prefix_stays_in_the_name() -> None:
    assert read("+x=1,2").name == "+x"
    assert read("db@here=a,b").name == "db@here"


def test_range_values_are_decimal() -> None:
    assert range_values(0.0, 0.1, 4) == [0.0, 0.1, 0.2, 0.3]
