"""Index of the rule recommender: rules by antecedent."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.data import Hierarchy
from recsys.rules import Rules

if TYPE_CHECKING:
    from recsys.recommenders._rules_kernel import Index


def build_index(rules: Rules, weights: npt.NDArray[np.float64]) -> "Index":
    """Arrange rules with one item in the consequent by antecedent: a part of the itemsets' trie."""
    from recsys.recommenders._rules_kernel import Index, group

    source = rules.source
    kept = np.zeros(len(source), dtype=np.bool_)
    kept[rules.antecedents] = True
    for stop, start in zip(source.offsets[:0:-1], source.offsets[-2:0:-1], strict=False):
        children = np.flatnonzero(kept[start:stop]) + start
        kept[source.parents[children]] = True
    itemsets = np.flatnonzero(kept)
    node_of = np.cumsum(kept) - 1
    last_items = source.last_items[itemsets]
    n_nodes, n_roots = len(itemsets), int(np.count_nonzero(kept[: _n_singles(rules)]))

    roots = np.full(len(source.items), -1, dtype=np.int64)
    roots[last_items[:n_roots]] = np.arange(n_roots)
    # In the order of the itemsets, parents ascend: the children of one stand together.
    parents = node_of[source.parents[itemsets[n_roots:]]]
    child_starts = n_roots + np.searchsorted(parents, np.arange(n_nodes + 1))

    rule_starts, members = group(node_of[rules.antecedents], n_nodes)
    led_to = np.zeros(_n_singles(rules), dtype=np.bool_)
    led_to[rules.consequents] = True
    position = np.cumsum(led_to) - 1
    # Unsigned: a compiled loop need not ask whether an index is negative, which is a sixth of its time.
    return Index(
        roots=roots,
        last_items=last_items,
        parents=np.concatenate([np.full(n_roots, -1), parents]),
        child_starts=child_starts,
        rule_starts=rule_starts,
        consequents=position[rules.consequents[members]].astype(np.uint32),
        weights=weights[members],
        rules=members,
        items=source.last_items[: len(led_to)][led_to],
    )


def over_extended_items(rules: Rules, hierarchy: Hierarchy) -> Rules:
    """Return rules over the `columns` of a hierarchy as rules over all its extended items, in order."""
    last_items = hierarchy.columns[rules.source.last_items].astype(np.int32)
    return replace(rules, source=replace(rules.source, last_items=last_items, items=hierarchy.ids))


def single_consequents(rules: Rules) -> Rules:
    """Return the rules that lead to one item."""
    single = rules.consequents < _n_singles(rules)
    return rules if single.all() else rules[single]


def consequent_items(rules: Rules) -> npt.NDArray[np.integer[Any]]:
    """Return the item index of the consequent of each rule that leads to one item, shape (n_rules,)."""
    return rules.source.last_items[rules.consequents]


def short_antecedents(rules: Rules, max_len: int | None) -> Rules:
    """Return the rules with at most so many items in the antecedent."""
    if max_len is None or max_len >= rules.source.max_length:
        return rules
    short = rules.antecedents < rules.source.offsets[max_len]
    return rules if short.all() else rules[short]


def _n_singles(rules: Rules) -> int:
    """Return the number of frequent items; they are the first itemsets."""
    return int(rules.source.offsets[1]) if rules.source.max_length else 0
