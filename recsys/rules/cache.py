"""Rules in memory: those of some itemsets by a metric answer every higher support and threshold."""

import sys
from collections import OrderedDict
from dataclasses import dataclass, fields, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from recsys.mining import Budget, FrequentItemsets
from recsys.mining.cache import answers, superset_of
from recsys.mining.filtering import places_after
from recsys.mining.trie import IntArray
from recsys.rules.budget import BYTES_A_RULE, RulesMeter, n_splits
from recsys.rules.generate import select_rules
from recsys.rules.measures import SMALLER_IS_BETTER
from recsys.rules.options import RuleOptions
from recsys.rules.rules import Rules

MAX_RULES = 2**21  # of some itemsets by a metric, made in a quarter of a second; 20 bytes each
MAX_BYTES = 100_000_000  # of all metrics, the last used ones; those of the report take 43 MB


@dataclass(frozen=True, eq=False)
class _SortedRules:
    """All rules of some itemsets, the best first.

    Parameters
    ----------
    source : FrequentItemsets
    sides : ndarray, shape (3, n_rules), int32
        Indices of antecedents, of consequents and of both together.
    keys : ndarray, shape (n_rules,), float64
        The metric, negated where larger is better: ascending.
    """

    source: FrequentItemsets
    sides: IntArray
    keys: npt.NDArray[np.float64]

    @property
    def n_bytes(self) -> int:
        """Size in memory."""
        return self.sides.nbytes + self.keys.nbytes


# The rules by the itemsets in memory that theirs were filtered from, with which they go, and by options; None
# for what was asked once, because most runs ask no second time.
_MEMORY: WeakKeyDictionary[FrequentItemsets, OrderedDict[RuleOptions, _SortedRules | None]] = (
    WeakKeyDictionary()
)


def find_rules(itemsets: FrequentItemsets, options: RuleOptions, budget: Budget | None) -> Rules:
    """Return `select_rules`, from the second call on from memory where the itemsets come from the cache.

    A rule of the itemsets is one of those at a lower support, with the same counts: its metric is reached
    there, and filtering keeps the order. That does not hold with `alpha`, because the number of tests depends
    on the itemsets, and limits of the number of rules are checked as the rules are found.
    """
    memory, size = RulesMeter(budget, options).memory, n_splits(itemsets, options)
    is_small = size <= MAX_RULES and (memory is None or size * BYTES_A_RULE <= memory)
    if options.alpha is not None or options.max_rules is not None or not is_small:
        return select_rules(itemsets, options, budget)
    everything = _everything(options)
    kept = _MEMORY.setdefault(superset_of(itemsets), OrderedDict())
    if everything not in kept:
        kept[everything] = None
        return select_rules(itemsets, options, budget)
    known = kept[everything]
    if known is None or not answers(known.source, itemsets.min_count, itemsets.max_len):
        known = kept[everything] = _sort(select_rules(itemsets, everything, None))
    kept.move_to_end(everything)
    while sum(rules.n_bytes for rules in kept.values() if rules is not None) > MAX_BYTES:
        kept.popitem(last=False)
    return _select(known, itemsets, options)


def _everything(options: RuleOptions) -> RuleOptions:
    """Return the options with a threshold that every rule reaches."""
    values = {field.name: getattr(options, field.name) for field in fields(RuleOptions)}
    lowest = sys.float_info.max * (1 if options.metric in SMALLER_IS_BETTER else -1)
    return RuleOptions(**values | {"min_threshold": lowest})


def _sort(rules: Rules) -> _SortedRules:
    sides = np.stack([rules.antecedents, rules.consequents, rules.itemsets]).astype(np.int32)
    sign = 1 if rules.metric in SMALLER_IS_BETTER else -1
    # Another object of the same arrays: a reference to the key would keep the entry of a weak dictionary.
    return _SortedRules(replace(rules.source), sides, sign * rules.measure(rules.metric))


def _select(known: _SortedRules, itemsets: FrequentItemsets, options: RuleOptions) -> Rules:
    """Return the rules of some of the itemsets that reach a threshold."""
    from recsys.rules._order_kernel import renumber

    sign = 1 if options.metric in SMALLER_IS_BETTER else -1
    n_reaching = int(np.searchsorted(known.keys, sign * options.min_threshold, side="right"))
    if len(itemsets) == len(known.source):
        sides: IntArray = known.sides[:, :n_reaching].astype(np.int64)
    else:
        sides = renumber(known.sides, n_reaching, places_after(known.source, itemsets))
    return Rules(itemsets, sides[0], sides[1], sides[2], options.metric, float(options.min_threshold))
