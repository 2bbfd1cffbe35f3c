"""Rules and their measures by their definitions, from raw transactions; slow, and believable at sight."""

from fractions import Fraction
from functools import cache
from itertools import chain, combinations
from math import comb, inf, sqrt

from tests.mining import naive


def subsets(items, smallest=1):
    return chain.from_iterable(combinations(items, size) for size in range(smallest, len(items) + 1))


def rules(transactions, min_support, max_len=None):
    """Return {(antecedent, consequent): (n, n_ac, n_a, n_c)} of all rules, each counted for itself."""
    found = {}
    for itemset in naive.frequent_itemsets(transactions, min_support, max_len):
        for antecedent in subsets(itemset):
            consequent = tuple(item for item in itemset if item not in antecedent)
            if consequent:
                sides = (itemset, antecedent, consequent)
                found[antecedent, consequent] = (len(transactions), *(count(transactions, s) for s in sides))
    return found


def count(transactions, items):
    return sum(set(items) <= set(transaction) for transaction in transactions)


@cache
def hypergeometric(n, n_a, n_c):
    """Return P(X = k) for all k: n_a of n transactions drawn, n_c of them with the other side."""
    return [Fraction(comb(n_c, k) * comb(n - n_c, n_a - k), comb(n, n_a)) for k in range(n_a + 1)]


@cache
def hyper_lift(n, n_ac, n_a, n_c):
    probabilities = hypergeometric(n, n_a, n_c)
    quantile = next(k for k in range(n_a + 1) if sum(probabilities[k + 1 :]) <= Fraction(1, 100))
    return Fraction(n_ac, quantile) if quantile else inf


def odds_ratio(n, n_ac, n_a, n_c):
    both, left, right, neither = n_ac, n_a - n_ac, n_c - n_ac, n - n_a - n_c + n_ac
    if n in (n_a, n_c):
        return 1
    return Fraction(both * neither, left * right) if left * right else inf


def phi(n, n_ac, n_a, n_c):
    if n in (n_a, n_c):
        return 0
    a, c = Fraction(n_a, n), Fraction(n_c, n)
    return (Fraction(n_ac, n) - a * c) / Fraction(sqrt(a * (1 - a) * c * (1 - c)))


MEASURES = {
    "cosine": lambda n, n_ac, n_a, n_c: Fraction(n_ac, n) / Fraction(sqrt(Fraction(n_a * n_c, n * n))),
    "phi": phi,
    "odds_ratio": odds_ratio,
    "added_value": lambda n, n_ac, n_a, n_c: Fraction(n_ac, n_a) - Fraction(n_c, n),
    "imbalance_ratio": lambda n, n_ac, n_a, n_c: Fraction(abs(n_a - n_c), n_a + n_c - n_ac),
    "hyper_lift": hyper_lift,
    "hyper_confidence": lambda n, n_ac, n_a, n_c: sum(hypergeometric(n, n_a, n_c)[:n_ac]),
    "p_value": lambda n, n_ac, n_a, n_c: sum(hypergeometric(n, n_a, n_c)[n_ac:]),
}


def improvement(transactions, antecedent, consequent):
    """Return the confidence less the best one of a rule with fewer items on the left, or none."""

    def confidence(left):
        return Fraction(count(transactions, (*left, *consequent)), count(transactions, left))

    return min(
        confidence(antecedent) - confidence(smaller)
        for smaller in subsets(antecedent, smallest=0)
        if smaller != antecedent
    )


def holm(p_values, alpha):
    """Return which hypotheses are rejected (Holm 1979): in ascending order, until the first that is not."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    rejected = [False] * len(p_values)
    for rank, place in enumerate(order):
        if p_values[place] * (len(p_values) - rank) > alpha:
            break
        rejected[place] = True
    return rejected
