import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.errors import ParameterError
from recsys.rules import CORRECTIONS, adjust_p_values
from recsys.rules.significance import largest_significant
from tests.mining.strategies import deterministic
from tests.rules import naive

# Few values, so that ties come up.
p_value_lists = st.lists(
    st.sampled_from([0.0, 0.001, 0.01, 0.02, 0.03, 0.2, 0.5, 1.0]), min_size=1, max_size=20
)


def test_worked_by_hand():
    # Holm: 4 * 0.01, max(that, 3 * 0.015), max(that, 2 * 0.02), max(that, 0.9).
    np.testing.assert_allclose(adjust_p_values([0.02, 0.01, 0.9, 0.015]), [0.045, 0.04, 0.9, 0.045])
    # Benjamini-Hochberg: from the largest, 0.9, min(that, 4/3 * 0.02), min(that, 2 * 0.015), min(that, 0.04).
    found = adjust_p_values([0.02, 0.01, 0.9, 0.015], "benjamini_hochberg")
    np.testing.assert_allclose(found, [0.08 / 3, 0.08 / 3, 0.9, 0.08 / 3])
    assert adjust_p_values([0.02, 0.01], "none").tolist() == [0.02, 0.01]
    assert adjust_p_values([]).shape == (0,)


@deterministic
@given(p_value_lists)
def test_benjamini_hochberg_is_scipys(p_values):
    expected = stats.false_discovery_control(p_values)
    np.testing.assert_allclose(adjust_p_values(p_values, "benjamini_hochberg"), expected, rtol=1e-14)


@deterministic
@given(p_value_lists, st.sampled_from([0.005, 0.05, 0.3]))
def test_holm_is_the_step_down_procedure(p_values, alpha):
    assert (adjust_p_values(p_values) <= alpha).tolist() == naive.holm(p_values, alpha)


@deterministic
@given(p_value_lists, st.integers(1, 5), st.sampled_from([0.005, 0.05, 0.3]), st.sampled_from(CORRECTIONS))
def test_in_portions(p_values, size, alpha, correction):
    values = np.array(p_values)
    portions = [values[start : start + size] for start in range(0, len(values), size)]
    largest, n_significant, n_tests = largest_significant(portions, alpha, correction)
    significant = adjust_p_values(values, correction) <= alpha
    assert (values <= largest).tolist() == significant.tolist()
    assert (n_significant, n_tests) == (significant.sum(), len(values))


def test_nothing_to_test():
    assert largest_significant([], 0.05, "holm") == (-1.0, 0, 0)


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_bad_p_values(bad):
    with pytest.raises(ParameterError, match=r"p_values must be numbers in \[0, 1\]. Got "):
        adjust_p_values([0.5, bad])


def test_unknown_correction():
    with pytest.raises(ParameterError, match="correction must be one of holm, benjamini_hochberg, none"):
        adjust_p_values([0.5], "sidak")
