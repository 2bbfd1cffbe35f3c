"""Minimum support as a count of transactions."""

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context
from math import isinf


def min_count(min_support: float, n_transactions: int) -> int:
    """Return the smallest c >= 1 for which the float64 c / n_transactions is >= min_support.

    This is what mlxtend's `apriori` keeps. Rounding up the product is wrong where it is not exact: 0.28 * 25
    is 7.000000000000001 in float64, but 7 of 25 transactions have a support of 0.28. Without transactions the
    result is 1.

    Examples
    --------
    >>> min_count(0.28, 25)
    7
    """
    if n_transactions == 0:
        return 1
    # The product is off by less than one.
    count = max(1, int(min_support * n_transactions))
    while count / n_transactions < min_support:
        count += 1
    while count > 1 and (count - 1) / n_transactions >= min_support:
        count -= 1
    return count


def shortest_between(over: float, up_to: float, sign: int = 1) -> float:
    """Return `sign` times the number with the fewest digits in (over, up_to].

    >>> shortest_between(115 / 671, 116 / 671)
    0.172
    """
    if isinf(up_to):
        up_to = 2 * abs(over) + 1
    for digits in range(1, 18):
        for rounding in (ROUND_HALF_EVEN, ROUND_FLOOR):
            number = float(Context(prec=digits, rounding=rounding).create_decimal_from_float(up_to))
            if over < number <= up_to:
                return sign * number
    return sign * up_to
