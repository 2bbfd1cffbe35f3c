"""Limits of rule generation, and errors that name what would fit."""

from dataclasses import replace
from itertools import accumulate
from math import comb

import numpy as np
import numpy.typing as npt

from recsys.errors import BudgetError
from recsys.mining import FrequentItemsets
from recsys.mining.budget import Budget, Meter
from recsys.mining.support import shortest_between
from recsys.rules.measures import SMALLER_IS_BETTER
from recsys.rules.options import RuleOptions
from recsys.rules.splits import SPLITS_AT_ONCE

MAX_SPLITS = 2**32  # minutes of work; an itemset of 32 items alone has as many
BYTES_A_RULE = 100  # while the rules are put in order; a quarter of that once they are
MAX_COMPARISONS = 2**36  # of confidences, for the improvement; minutes as well


def check_splits(itemsets: FrequentItemsets, options: RuleOptions) -> None:
    """Raise BudgetError if it would take hours: k items have 2^k - 2 splits, 3^k with simpler rules."""
    sizes = np.diff(itemsets.offsets).tolist()
    questions = [("candidate rules", MAX_SPLITS, 1)]
    if options.needs_improvement:
        questions.append(("confidences to compare for the improvement", MAX_COMPARISONS, 2))
    for what, limit, base in questions:
        totals = _totals(sizes, options, base)
        if totals and totals[-1] > limit:
            longest = sum(total <= limit for total in totals)
            fits = _totals(sizes, replace(options, max_consequent_len=1), base)[-1] <= limit
            single = " or max_consequent_len=1," if fits else ""
            raise BudgetError(
                f"{len(itemsets):,} itemsets of up to {len(sizes)} items have {totals[-1]:,} {what}, "
                f"more than {limit:,}. Set max_len={longest}{single} or raise min_support."
            )


def n_splits(itemsets: FrequentItemsets, options: RuleOptions) -> int:
    """Return the number of candidate rules, without regard to items."""
    return max(_totals(np.diff(itemsets.offsets).tolist(), options, 1), default=0)


def _totals(sizes: list[int], options: RuleOptions, base: int) -> list[int]:
    """Return how many there are of the itemsets of up to each length."""
    of_length = (
        size * sum(comb(length, left) * base**left for left in options.antecedent_lengths(length))
        for length, size in enumerate(sizes, start=1)
    )
    return list(accumulate(of_length))


class RulesMeter(Meter):
    """Memory and time of rule generation with some options, against a budget."""

    def __init__(self, budget: Budget | None, options: RuleOptions) -> None:
        super().__init__(budget)
        self._options = options

    def check(self, n_held: int, n_found: int) -> None:
        """Raise BudgetError if the rules in memory, or the seconds, exceed the budget."""
        keeps = 0  # so many rules, with `keep_best`, are certainly within the memory
        if self.memory is not None and n_held * BYTES_A_RULE > self.memory:
            room = self.memory // BYTES_A_RULE
            key, reached = "max_memory", f"max_memory is {self.budget.max_memory}, room for {room:,} rules"
            found = f"{n_found:,} were found so far"
            keeps = max(0, room - SPLITS_AT_ONCE) // 2
        elif self.is_late:
            key, reached = "max_seconds", f"max_seconds is {self.budget.max_seconds:g}"
            found = f"after {self.seconds:.2g} s {n_found:,} rules were found"
        else:
            return
        verb = "Lower" if self._options.metric in SMALLER_IS_BETTER else "Raise"
        cures = [f"{verb} min_threshold", "raise min_support"]
        if self._options.max_consequent_len != 1:
            cures.append("set max_consequent_len=1")
        if keeps:
            cures.append(f"set max_rules={keeps} over_max_rules=keep_best")
        raise BudgetError(f"{reached}; {found}. {', '.join(cures)}, or raise {key}.")


def too_many_rules(
    options: RuleOptions,
    n_rules: int,
    best_scores: npt.NDArray[np.float64],
    n_rules_by_count: npt.NDArray[np.int64],
) -> BudgetError:
    """Return the error for more than `max_rules` rules, with options that would fit.

    `best_scores`, shape (max_rules + 1,), is the metric, descending, negated where smaller is better;
    `n_rules_by_count`, shape (n_transactions + 1,), the number of rules by support count.
    """
    maximum, n_transactions = options.max_rules, len(n_rules_by_count) - 1
    assert maximum is not None
    cures = []
    over = float(best_scores[-1])  # a threshold above it leaves at most max_rules
    if (best_scores > over).any():
        fits = float(best_scores[best_scores > over].min())
        sign = -1 if options.metric in SMALLER_IS_BETTER else 1
        cures.append(f"set min_threshold={shortest_between(over, fits, sign)!r}")
    # Rules of a higher support are the same ones, unless fewer tests make more of them significant.
    at_least = np.cumsum(n_rules_by_count[::-1])[::-1]
    count = int(np.argmax(at_least <= maximum))
    if options.alpha is None and 0 < at_least[count] <= maximum:
        fits = shortest_between((count - 1) / n_transactions, count / n_transactions)
        cures.append(f"set min_support={fits!r}")
    cures.append(f"set max_rules={n_rules}, or over_max_rules=keep_best")
    cure = "; or ".join(cures)
    return BudgetError(
        f"There would be {n_rules:,} rules, more than max_rules={maximum}. {cure[0].upper()}{cure[1:]}."
    )
