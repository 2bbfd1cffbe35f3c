from fractions import Fraction

import numpy as np
import pytest

from recsys.rules import METRICS

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
}


def value(name, n, n_ac, n_a, n_c):
    return METRICS[name](n, np.array([n_ac]), np.array([n_a]), np.array([n_c]))[0]


def test_all_are_here():
    assert set(HAND_MADE) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_worked_by_hand(name):
    assert value(name, 20, 6, 8, 10) == float(HAND_MADE[name])


def test_a_rule_that_never_fails():
    assert value("conviction", 20, 6, 6, 10) == np.inf
    assert value("confidence", 20, 6, 6, 10) == 1
    assert value("certainty", 20, 6, 6, 10) == 1
    assert value("zhangs_metric", 20, 6, 6, 6) == 1


def test_sides_that_all_transactions_hold():
    for name, expected in [("lift", 1), ("leverage", 0), ("zhangs_metric", 0), ("certainty", 0)]:
        assert value(name, 20, 20, 20, 20) == expected
    assert value("conviction", 20, 20, 20, 20) == np.inf
    assert value("conviction", 20, 8, 8, 20) == np.inf
    assert value("zhangs_metric", 20, 8, 8, 20) == 0


def test_sides_that_never_meet_are_as_low_as_can_be():
    assert value("zhangs_metric", 20, 0, 8, 10) == -1
    assert value("leverage", 20, 0, 8, 10) == -0.2


def test_large_counts_do_not_overflow():
    n = 3 * 10**9
    assert value("lift", n, n, n, n) == 1
    assert value("conviction", n, n // 2 - 1, n // 2, n // 2) == pytest.approx(n / 4)


def test_the_golden_lift_is_exact():
    assert value("lift", 609, 7, 10, 8) == 53.2875
