import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.mining import min_count


@pytest.mark.parametrize(
    ("min_support", "n_transactions", "count"),
    [
        (0.28, 25, 7),  # 0.28 * 25 = 7.000000000000001
        (0.07, 100, 7),
        (0.01, 609, 7),
        (0.5, 4, 2),
        (0.5000000000000001, 4, 3),
        (1.0, 3, 3),
        (1e-300, 10, 1),
        (0.5, 0, 1),
    ],
)
def test_hand_made_cases(min_support, n_transactions, count):
    assert min_count(min_support, n_transactions) == count


@given(st.data(), st.integers(1, 10**9))
def test_a_support_reaches_itself_and_not_the_next(data, n_transactions):
    count = data.draw(st.integers(1, n_transactions))
    support = count / n_transactions
    assert min_count(support, n_transactions) == count
    if support < 1:
        assert min_count(math.nextafter(support, 1), n_transactions) == count + 1
    assert min_count(math.nextafter(support, 0), n_transactions) == count
