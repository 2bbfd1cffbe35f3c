"""Rules in memory: those of some itemsets by a metric answer every higher support and threshold."""

import sys
from collections import OrderedDict
from dataclasses import dataclass, fields
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from recsys.mining import Budget, FrequentItemsets
from recsys.mining.cache import superset_of
from recsys.mining.filtering import places_after
from recsys.mining.trie import IntArray
from recsys.rules.budget import BYTES_A_RULE, RulesMeter, n_splits
from recsys.rules.generate import select_rules
from recsys.rules.measures import SMALLER_IS_BETTER
from recsys.rules.options import RuleOptions
from recsys.rules.rules import Rules

# In memory are the rules of the last itemsets, by at most so many metrics (or other options), and of each as
# many as half a second makes. Together they take up to 105 MB, those of the report's five metrics 43 MB.
MAX_KEPT = 5
MAX_RULES = 2**20  # 20 bytes each


@dataclass(frozen=True, eq=False)
class _SortedRules:
    """All rules of some itemsets, the best first.

    Parameters
    ----------
    sides : ndarray, shape (3, n_rules), int32
        Indices of antecedents, of consequents and of both together.
    keys : ndarray, shape (n_rules,), float64
        The metric, negated where larger is better: ascending.
    """

    sides: IntArray
    keys: npt.NDArray[np.float64]


# The rules by itemsets and options; None for what was asked once, because most runs ask no second time. They
# go with the itemsets.
_MEMORY: WeakKeyDictionary[FrequentItemsets, OrderedDict[RuleOptions, _SortedRules | None]] = (
    WeakKeyDictionary()
)


def find_rules(itemsets: FrequentItemsets, options: RuleOptions, budget: Budget | None) -> Rules:
    """Return `select_rules`, from the second call on from memory where the itemsets come from the cache.

    A rule of the itemsets is one of those that they were filtered from, with the same counts: its metric is
    reached there, and filtering keeps the order. That does not hold with `alpha`, because the number of tests
    depends on the itemsets, and limits of the number of rules are checked as the rules are found.
    """
    superset = superset_of(itemsets)
    memory, size = RulesMeter(budget, options).memory, n_splits(superset, options)
    is_small = size <= MAX_RULES and (memory is None or size * BYTES_A_RULE <= memory)
    if options.alpha is not None or options.max_rules is not None or not is_small:
        return select_rules(itemsets, options, budget)
    everything = _everything(options)
    kept = _MEMORY.setdefault(superset, OrderedDict())
    if everything not in kept:
        kept[everything] = None
        return select_rules(itemsets, options, budget)
    found = kept[everything] or _sort(select_rules(superset, everything, None))
    kept[everything] = found
    kept.move_to_end(everything)
    while len(kept) > MAX_KEPT:
        kept.popitem(last=False)
    return _select(found, superset, itemsets, options)


def _everything(options: RuleOptions) -> RuleOptions:
    """Return the options with a threshold that every rule reaches."""
    values = {field.name: getattr(options, field.name) for field in fields(RuleOptions)}
    lowest = sys.float_info.max * (1 if options.metric in SMALLER_IS_BETTER else -1)
    return RuleOptions(**values | {"min_threshold": lowest})


def _sort(rules: Rules) -> _SortedRules:
    sides = np.stack([rules.antecedents, rules.consequents, rules.itemsets]).astype(np.int32)
    sign = 1 if rules.metric in SMALLER_IS_BETTER else -1
    return _SortedRules(sides, sign * rules.measure(rules.metric))


def _select(
    known: _SortedRules, superset: FrequentItemsets, itemsets: FrequentItemsets, options: RuleOptions
) -> Rules:
    """Return the rules of some of the itemsets that reach a threshold."""
    from recsys.rules._order_kernel import renumber

    sign = 1 if options.metric in SMALLER_IS_BETTER else -1
    n_reaching = int(np.searchsorted(known.keys, sign * options.min_threshold, side="right"))
    sides = known.sides[:, :n_reaching]
    if len(itemsets) == len(superset):
        sides = sides.astype(np.int64)
    else:
        sides = renumber(sides, places_after(superset, itemsets))
    return Rules(itemsets, sides[0], sides[1], sides[2], options.metric, float(options.min_threshold))
