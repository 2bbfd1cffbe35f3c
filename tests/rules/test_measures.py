from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.rules import METRICS, MLXTEND_MEASURES
from recsys.rules.measures import MEASURES
from tests.mining.strategies import deterministic
from tests.rules import naive

# 20 transactions; the antecedent stands in 8, the consequent in 10, both in 6.
HAND_MADE = {
    "antecedent_support": Fraction(2, 5),
    "consequent_support": Fraction(1, 2),
    "support": Fraction(3, 10),
    "confidence": Fraction(3, 4),
    "lift": Fraction(3, 2),
    "representativity": Fraction(1),
    "leverage": Fraction(1, 10),  # 3/10 - 2/5 * 1/2
    "conviction": Fraction(2),  # (1 - 1/2) / (1 - 3/4)
    "zhangs_metric": Fraction(5, 9),  # 1/10 / max(3/10 * 3/5, 2/5 * 1/5)
    "jaccard": Fraction(1, 2),  # 6 of 12
    "certainty": Fraction(1, 2),  # (3/4 - 1/2) / (1 - 1/2)
    "kulczynski": Fraction(27, 40),  # (3/4 + 3/5) / 2
    "cosine": 6 / 80**0.5,
    "phi": 40 / (96**0.5 * 100**0.5),  # (20 * 6 - 8 * 10) / sqrt(8 * 12 * 10 * 10)
    "odds_ratio": Fraction(6),  # 6 * 8 / (2 * 4)
    "added_value": Fraction(1, 4),  # 3/4 - 1/2
    "imbalance_ratio": Fraction(1, 6),  # 2 of 12
    "hyper_lift": Fraction(1),  # P(X > 6) = 0.0099...: (C(10,7) C(10,1) + C(10,8)) / C(20,8) = 1245 / 125970
}


def value(name, n, n_ac, n_a, n_c):
    return MEASURES[name](n, np.array([n_ac]), np.array([n_a]), np.array([n_c]))[0]


def test_all_are_here():
    assert {*HAND_MADE, "hyper_confidence", "p_value"} == set(MEASURES)
    assert (*MEASURES, "improvement") == METRICS
    assert tuple(HAND_MADE)[:12] == MLXTEND_MEASURES


@pytest.mark.parametrize("name", HAND_MADE)
def test_worked_by_hand(name):
    assert value(name, 20, 6, 8, 10) == float(HAND_MADE[name])


def test_fisher_worked_by_hand():
    # P(X >= 6) = (C(10,6) C(10,2) + C(10,7) C(10,1) + C(10,8)) / C(20,8) = (9450 + 1200 + 45) / 125970
    assert value("p_value", 20, 6, 8, 10) == pytest.approx(10695 / 125970, rel=1e-14)
    assert value("hyper_confidence", 20, 6, 8, 10) == pytest.approx(1 - 10695 / 125970, rel=1e-14)


@st.composite
def tables(draw):
    """Draw counts that can be: n, n_ac, n_a, n_c."""
    n = draw(st.integers(1, 60))
    n_a, n_c = draw(st.integers(1, n)), draw(st.integers(1, n))
    return n, draw(st.integers(max(1, n_a + n_c - n), min(n_a, n_c))), n_a, n_c


@deterministic
@given(tables())
def test_by_definition(table):
    for name, measure in naive.MEASURES.items():
        assert value(name, *table) == pytest.approx(float(measure(*table)), rel=1e-13, abs=1e-15), name


@deterministic
@given(tables())
def test_counts_as_floats_give_the_same_bits(table):
    n, *counts = table
    for name, measure in MEASURES.items():
        whole, floats = (measure(n, *(np.array([c], dtype=kind) for c in counts)) for kind in "qd")
        assert whole.tobytes() == floats.tobytes(), name


@deterministic
@given(tables())
def test_none_is_not_a_number(table):
    assert not any(np.isnan(value(name, *table)) for name in MEASURES)


@pytest.mark.parametrize("name", ["cosine", "phi", "odds_ratio", "imbalance_ratio", "hyper_lift", "p_value"])
@deterministic
@given(tables())
def test_sides_may_be_exchanged(name, table):
    n, n_ac, n_a, n_c = table
    assert value(name, n, n_ac, n_a, n_c) == value(name, n, n_ac, n_c, n_a)


def test_a_rule_that_never_fails():
    assert value("conviction", 20, 6, 6, 10) == np.inf
    assert value("odds_ratio", 20, 6, 6, 10) == np.inf
    assert value("confidence", 20, 6, 6, 10) == 1
    assert value("certainty", 20, 6, 6, 10) == 1
    assert value("zhangs_metric", 20, 6, 6, 6) == 1
    assert value("phi", 20, 6, 6, 6) == 1


def test_sides_that_all_transactions_hold():
    for name, expected in [("lift", 1), ("leverage", 0), ("zhangs_metric", 0), ("certainty", 0)]:
        assert value(name, 20, 20, 20, 20) == expected
    assert value("conviction", 20, 20, 20, 20) == np.inf
    assert value("conviction", 20, 8, 8, 20) == np.inf
    assert value("zhangs_metric", 20, 8, 8, 20) == 0
    for name, expected in [("phi", 0), ("odds_ratio", 1), ("p_value", 1), ("hyper_confidence", 0)]:
        assert value(name, 20, 8, 8, 20) == value(name, 20, 20, 20, 20) == expected


def test_sides_that_never_meet_are_as_low_as_can_be():
    assert value("zhangs_metric", 20, 0, 8, 10) == -1
    assert value("leverage", 20, 0, 8, 10) == -0.2


def test_hyper_lift_is_infinite_where_independence_gives_nothing():
    assert value("hyper_lift", 10_000, 1, 2, 2) == np.inf


def test_large_counts_do_not_overflow():
    n = 3 * 10**9
    assert value("lift", n, n, n, n) == 1
    assert value("conviction", n, n // 2 - 1, n // 2, n // 2) == pytest.approx(n / 4)
    assert value("phi", n, n // 2, n // 2, n // 2) == pytest.approx(1)


def test_the_golden_lift_is_exact():
    assert value("lift", 609, 7, 10, 8) == 53.2875


def counts_of_many(n, size=200):
    rng = np.random.default_rng(n)
    n_a, n_c = rng.integers(1, n // 2, (2, size))
    mean = n_a * n_c / n
    n_ac = np.rint(mean + 4 * np.sqrt(mean) * rng.standard_normal(size)).astype(np.int64)
    return np.clip(n_ac, np.maximum(1, n_a + n_c - n), np.minimum(n_a, n_c)), n_a, n_c


@pytest.mark.parametrize("n", [100, 609, 20_000])
def test_hypergeometric_tails_agree_with_scipy(n):
    n_ac, n_a, n_c = counts_of_many(n)
    for name, expected in [
        ("p_value", stats.hypergeom.sf(n_ac - 1, n, n_c, n_a)),
        ("hyper_confidence", stats.hypergeom.cdf(n_ac - 1, n, n_c, n_a)),
    ]:
        found = MEASURES[name](n, n_ac, n_a, n_c)
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-300)
    quantiles = stats.hypergeom.ppf(0.99, n, n_c[:50], n_a[:50])
    found = MEASURES["hyper_lift"](n, n_ac[:50], n_a[:50], n_c[:50])
    np.testing.assert_array_equal(found[quantiles > 0], (n_ac[:50] / quantiles)[quantiles > 0])


def test_p_values_far_below_the_smallest_rounding_error():
    # P(X >= 100) = 1 / C(609, 100), all of one in the other: some 10^-118.
    exact = float(naive.hypergeometric(609, 100, 100)[100])
    assert 0 < exact < 1e-100
    assert value("p_value", 609, 100, 100, 100) == pytest.approx(exact, rel=1e-12)
    # Below the smallest double it is 0, with no warning.
    assert value("p_value", 162_541, 8000, 8000, 8000) == 0
