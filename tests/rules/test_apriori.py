import math

import pytest

from recsys.errors import ParameterError
from recsys.rules import Apriori


def test_defaults_and_equality():
    assert Apriori(min_support=0.1) == Apriori(0.1, None, "lift", 0.0)
    assert hash(Apriori(0.1)) == hash(Apriori(0.1))
    Apriori(min_support=1, max_len=1, metric="leverage", min_threshold=-1)


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("min_support", 0, "a number in (0, 1]"),
        ("min_support", 2, "a number in (0, 1]"),
        ("min_support", "a", "a number in (0, 1]"),
        ("min_support", None, "a number in (0, 1]"),
        ("max_len", 0, "an integer of at least 1"),
        ("max_len", 2.5, "an integer of at least 1"),
        ("max_len", True, "an integer of at least 1"),
        ("min_threshold", math.inf, "a finite number"),
        ("min_threshold", None, "a finite number"),
    ],
)
def test_bad_parameters(parameter, value, rule):
    with pytest.raises(ParameterError) as caught:
        Apriori(**{"min_support": 0.1, parameter: value})
    assert str(caught.value) == f"{parameter} must be {rule}. Got {value!r}."
    assert str(caught.value.within("apriori")).startswith(f"apriori.{parameter} must be")


def test_unknown_metric_names_the_known():
    with pytest.raises(ParameterError, match=r"metric must be one of .*confidence, lift, .* Got 'gain'."):
        Apriori(0.1, metric="gain")
