"""The error tree and the checks that raise it."""

import pickle

import pytest

from recsys.errors import ParameterError, RecsysError
from recsys.parameters import require_choice, require_fraction, require_integer, require_number


def test_the_message_names_parameter_rule_value_and_cure():
    error = ParameterError("min_support", "a number in (0, 1]", 1.5, "Lower it.").within("apriori")
    assert str(error) == "apriori.min_support must be a number in (0, 1]. Got 1.5. Lower it."
    assert isinstance(error, RecsysError)
    assert isinstance(error, ValueError)


def test_it_crosses_process_borders_whole():
    error = ParameterError("metric", "one of a, b", "c")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert copy.parameter == "metric"


@pytest.mark.parametrize("value", [0, -0.1, 1.0000001, float("nan"), float("inf"), "abc", None, True])
def test_a_fraction_is_in_0_1(value):
    with pytest.raises(ParameterError, match=r"min_support must be a number in \(0, 1\]\. Got "):
        require_fraction("min_support", value)


@pytest.mark.parametrize("value", [1, 1.0, 1e-9])
def test_fractions(value):
    assert require_fraction("min_support", value) == value


@pytest.mark.parametrize("value", ["abc", None, True, float("nan"), float("inf"), [1]])
def test_a_number_is_finite(value):
    with pytest.raises(ParameterError, match="min_threshold must be a finite number"):
        require_number("min_threshold", value)


@pytest.mark.parametrize("value", [0, 1.5, "2", True, None])
def test_an_integer_has_a_minimum(value):
    with pytest.raises(ParameterError, match="max_len must be an integer of at least 1"):
        require_integer("max_len", value, minimum=1)


def test_a_choice_names_the_choices():
    with pytest.raises(ParameterError, match=r"metric must be one of lift, support\. Got 'left'\."):
        require_choice("metric", "left", ["lift", "support"])
