"""Generate rules from frequent itemsets."""

from __future__ import annotations

import logging
from collections.abc import Collection, Hashable, Iterator

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.mining import Budget, FrequentItemsets
from recsys.mining.budget import DEFAULT_BUDGET, require_budget
from recsys.rules.best import BestRules
from recsys.rules.budget import RulesMeter, check_splits, too_many_rules
from recsys.rules.constraints import RuleConstraints
from recsys.rules.rules import Rules
from recsys.rules.selection import Selection
from recsys.rules.significance import largest_significant
from recsys.rules.splits import splits

log = logging.getLogger(__name__)


def generate_rules(
    itemsets: FrequentItemsets,
    metric: str = "lift",
    min_threshold: float = 0.0,
    *,
    max_antecedent_len: int | None = None,
    max_consequent_len: int | None = None,
    antecedent_items: Collection[Hashable] | None = None,
    consequent_items: Collection[Hashable] | None = None,
    antecedent_contains: Collection[Hashable] | None = None,
    consequent_contains: Collection[Hashable] | None = None,
    drop_redundant: bool = False,
    alpha: float | None = None,
    correction: str = "holm",
    max_rules: int | None = None,
    over_max_rules: str = "error",
    budget: Budget | None = None,
) -> Rules:
    """Return the rules that reach a threshold: splits of itemsets of two items and more.

    Parameters
    ----------
    itemsets : FrequentItemsets
    metric : str
        The measure that decides; one of `recsys.rules.METRICS`.
    min_threshold : float
        A rule is kept when its metric is at least this; never when it is not a number. For `p_value`, where
        smaller is better, when it is at most this.
    max_antecedent_len, max_consequent_len : int, optional
        Longest antecedent and consequent, in items; no limit unless given. 1 for single consequents.
    antecedent_items, consequent_items : collection of item ids, optional
        The only items that may stand on that side.
    antecedent_contains, consequent_contains : collection of item ids, optional
        Items that must all stand on that side.
    drop_redundant : bool
        Drop rules with an improvement of 0 or less: some items of the antecedent can be left out, or all, and
        the confidence is no lower. See `recsys.rules.improvement`.
    alpha : float, optional
        Keep only rules that are significant at this level, in (0, 1), by Fisher's exact test, one-sided.
        Tested are all rules that lengths and items allow, whatever their metric: to choose by the same data
        first, and count the tests then, would count too few.
    correction : {"holm", "benjamini_hochberg", "none"}
        For the number of tests; see `recsys.rules.adjust_p_values`.
    max_rules : int, optional
        Most rules to return.
    over_max_rules : {"error", "keep_best"}
        What to do when there would be more: refuse, or return the best by the metric, ties by items, and say
        so in the log. Neither holds all rules in memory.
    budget : Budget, optional
        The most memory and time that making the rules may take, on top of the itemsets;
        `recsys.mining.budget.DEFAULT_BUDGET` unless given: half of the memory that the machine has available.

    Returns
    -------
    Rules
        By metric, the best first; then by antecedent and by consequent, in the order of `itemsets`.

    Raises
    ------
    ParameterError
        If the itemsets are something else, a parameter breaks its rule, or an item id is not in the
        transactions.
    BudgetError
        If there are more than `max_rules` rules, or more than `recsys.rules.budget.MAX_SPLITS` candidates,
        or the budget is spent.
    DataFormatError
        If the itemsets are not all frequent ones.

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
    constraints = RuleConstraints(
        max_antecedent_len=max_antecedent_len,
        max_consequent_len=max_consequent_len,
        antecedent_items=antecedent_items,
        consequent_items=consequent_items,
        antecedent_contains=antecedent_contains,
        consequent_contains=consequent_contains,
    )
    selection = Selection(
        metric=metric,
        min_threshold=min_threshold,
        drop_redundant=drop_redundant,
        alpha=alpha,
        correction=correction,
        max_rules=max_rules,
        over_max_rules=over_max_rules,
    )
    return select_rules(itemsets, constraints, selection, budget or DEFAULT_BUDGET)


def select_rules(
    itemsets: FrequentItemsets, constraints: RuleConstraints, selection: Selection, budget: Budget
) -> Rules:
    """Return the rules that satisfy constraints and selection; see `generate_rules`."""
    check_splits(itemsets, constraints, selection)
    meter = RulesMeter(budget)
    largest_p_value = _largest_p_value(itemsets, constraints, selection, meter)
    metric, max_rules = selection.metric, selection.max_rules
    refuses = max_rules is not None and selection.over_max_rules == "error"
    best = BestRules(len(itemsets), max_rules + 1 if max_rules is not None and refuses else max_rules)
    n_rules_by_count = np.zeros(itemsets.n_transactions + 1, dtype=np.int64)
    for candidates in _candidates(itemsets, constraints, selection):
        kept, scores = selection.keep(candidates, largest_p_value)
        best.add(kept.antecedents, kept.consequents, kept.itemsets, scores)
        meter.check(best.n_held, best.n_added)
        if refuses:
            n_rules_by_count += np.bincount(kept.support_counts, minlength=len(n_rules_by_count))
    (*columns, scores), order = best.ordered()
    if max_rules is not None and best.n_added > max_rules:
        if refuses:
            best_scores, n = scores[order], itemsets.n_transactions
            raise too_many_rules(selection, best.n_added, best_scores, n_rules_by_count, n)
        log.warning(
            "Kept the best %s of %s rules, by %s: max_rules.", f"{max_rules:,}", f"{best.n_added:,}", metric
        )
    sides = np.empty((3, len(order)), dtype=np.int64)  # one block, which the system gives large pages
    for side, column in zip(sides, columns, strict=True):
        side[:] = column[order]
    return Rules(itemsets, sides[0], sides[1], sides[2], metric, float(selection.min_threshold), best.n_added)


def _candidates(
    itemsets: FrequentItemsets, constraints: RuleConstraints, selection: Selection
) -> Iterator[Rules]:
    for antecedents, consequents, wholes in splits(itemsets, constraints):
        yield Rules(itemsets, antecedents, consequents, wholes, selection.metric, selection.min_threshold)


def _largest_p_value(
    itemsets: FrequentItemsets, constraints: RuleConstraints, selection: Selection, meter: RulesMeter
) -> float | None:
    """Test all candidates; return the largest p-value of a rule that is kept, None if all are."""
    if selection.alpha is None:
        return None

    def p_values() -> Iterator[npt.NDArray[np.float64]]:
        for candidates in _candidates(itemsets, constraints, selection):
            meter.check(0, 0)
            yield candidates.measure("p_value")

    largest, n_significant, n_tests = largest_significant(p_values(), selection.alpha, selection.correction)
    log.info(
        "%s of %s rules tested are significant at %g (correction: %s).",
        f"{n_significant:,}", f"{n_tests:,}", selection.alpha, selection.correction,
    )  # fmt: skip
    return largest
