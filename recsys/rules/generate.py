"""Generate rules from frequent itemsets."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.mining import Budget, FrequentItemsets
from recsys.mining.budget import require_budget
from recsys.rules.best import BestRules
from recsys.rules.budget import RulesMeter, check_splits, too_many_rules
from recsys.rules.measures import SMALLER_IS_BETTER
from recsys.rules.options import RuleOptions
from recsys.rules.rules import Rules
from recsys.rules.significance import largest_significant
from recsys.rules.splits import splits

log = logging.getLogger(__name__)


def generate_rules(
    itemsets: FrequentItemsets,
    metric: str = RuleOptions.metric,
    min_threshold: float = RuleOptions.min_threshold,
    *,
    budget: Budget | None = None,
    **options: Any,
) -> Rules:
    """Return the rules of frequent itemsets that reach a threshold: splits of itemsets of two items and more.

    Parameters
    ----------
    itemsets : FrequentItemsets
    metric, min_threshold, **options
        As for `recsys.rules.RuleOptions`.
    budget : Budget, optional
        Limits of memory and time on top of the itemsets; None: half of the available memory.

    Returns
    -------
    Rules
        By metric, the best first; then by antecedent and by consequent, in the order of `itemsets`.

    Raises
    ------
    ParameterError
        If an argument is invalid, or an item id is not in the transactions.
    BudgetError
        If there are more than `max_rules` rules, or more than `recsys.rules.budget.MAX_SPLITS` candidates,
        or the budget is exceeded.
    DataFormatError
        If a subset of an itemset is missing.

    Examples
    --------
    >>> from recsys import Transactions, mine
    >>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
    >>> generate_rules(mine(transactions, min_support=0.5)).measure("lift").tolist()
    [1.5, 1.5]
    """
    if not isinstance(itemsets, FrequentItemsets):
        cure = "Mine them first: recsys.mine(transactions, min_support=0.01)."
        if hasattr(itemsets, "columns"):  # a frame, as mlxtend's functions return
            cure = "recsys.frequent_patterns.association_rules takes a frame of itemsets."
        raise ParameterError("itemsets", "a FrequentItemsets", type(itemsets), cure)
    require_budget(budget)
    chosen = RuleOptions(metric=metric, min_threshold=min_threshold, **options)
    return select_rules(itemsets, chosen, budget)


def select_rules(itemsets: FrequentItemsets, options: RuleOptions, budget: Budget | None) -> Rules:
    """Return the rules that the options select; see `generate_rules`."""
    check_splits(itemsets, options)
    meter = RulesMeter(budget, options)
    largest_p_value = _largest_p_value(itemsets, options, meter)
    metric, max_rules = options.metric, options.max_rules
    refuses = max_rules is not None and options.over_max_rules == "error"
    best = BestRules(len(itemsets), max_rules + 1 if max_rules is not None and refuses else max_rules)
    n_rules_by_count = np.zeros(itemsets.n_transactions + 1, dtype=np.int64)
    for candidates in _candidates(itemsets, options):
        kept, scores = _select(candidates, options, largest_p_value)
        best.add(kept.antecedents, kept.consequents, kept.itemsets, scores)
        meter.check(best.n_held, best.n_added)
        if refuses:
            n_rules_by_count += np.bincount(kept.support_counts, minlength=len(n_rules_by_count))
    (*columns, scores), order = best.ordered()
    if max_rules is not None and best.n_added > max_rules:
        if refuses:
            raise too_many_rules(options, best.n_added, scores[order], n_rules_by_count)
        log.warning(
            "Kept the best %s of %s rules, by %s: max_rules.", f"{max_rules:,}", f"{best.n_added:,}", metric
        )
    sides = np.empty((3, len(order)), dtype=np.int64)  # one block, for which the system uses large pages
    for side, column in zip(sides, columns, strict=True):
        side[:] = column[order]
    return Rules(itemsets, sides[0], sides[1], sides[2], metric, float(options.min_threshold), best.n_added)


def _candidates(itemsets: FrequentItemsets, options: RuleOptions) -> Iterator[Rules]:
    for antecedents, consequents, wholes in splits(itemsets, options):
        yield Rules(itemsets, antecedents, consequents, wholes, options.metric, options.min_threshold)


def _select(
    candidates: Rules, options: RuleOptions, largest_p_value: float | None
) -> tuple[Rules, npt.NDArray[np.float64]]:
    """Return the candidates to keep and their scores: the metric, negated where smaller is better."""
    sign = -1.0 if options.metric in SMALLER_IS_BETTER else 1.0
    scores = sign * candidates.measure(options.metric)
    passed = scores >= sign * options.min_threshold
    if not passed.all():
        candidates, scores = candidates[passed], scores[passed]
    # Cheap checks come first.
    if largest_p_value is not None:
        passed = candidates.measure("p_value") <= largest_p_value
        candidates, scores = candidates[passed], scores[passed]
    if options.drop_redundant:
        passed = candidates.measure("improvement") > 0
        candidates, scores = candidates[passed], scores[passed]
    return candidates, scores


def _largest_p_value(itemsets: FrequentItemsets, options: RuleOptions, meter: RulesMeter) -> float | None:
    """Test all candidates; return the largest significant p-value, None without a test."""
    if options.alpha is None:
        return None

    def p_values() -> Iterator[npt.NDArray[np.float64]]:
        for candidates in _candidates(itemsets, options):
            meter.check(0, 0)
            yield candidates.measure("p_value")

    largest, n_significant, n_tests = largest_significant(p_values(), options.alpha, options.correction)
    log.info(
        "%s of %s rules tested are significant at %g (correction: %s).",
        f"{n_significant:,}", f"{n_tests:,}", options.alpha, options.correction,
    )  # fmt: skip
    return largest
