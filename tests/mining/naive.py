"""Frequent itemsets and rules by their definitions; slow, and believable at sight."""

from fractions import Fraction
from itertools import chain, combinations


def frequent_itemsets(transactions, min_support, max_len=None):
    """Return {ascending tuple of items: count}, ordered by length, then items."""
    items = sorted(set(chain.from_iterable(transactions)))
    frequent = {}
    for length in range(1, (max_len or len(items)) + 1):
        for itemset in combinations(items, length):
            count = sum(set(itemset) <= set(transaction) for transaction in transactions)
            if count > 0 and count / len(transactions) >= min_support:
                frequent[itemset] = count
    return frequent


def rules(frequent):
    """Return {(antecedent, consequent): (count of both, of the antecedent, of the consequent)}."""
    found = {}
    for itemset, count in frequent.items():
        for length in range(1, len(itemset)):
            for antecedent in combinations(itemset, length):
                consequent = tuple(item for item in itemset if item not in antecedent)
                found[antecedent, consequent] = count, frequent[antecedent], frequent[consequent]
    return found


def lift(n_transactions, count, antecedent_count, consequent_count):
    return Fraction(count, antecedent_count) / Fraction(consequent_count, n_transactions)
