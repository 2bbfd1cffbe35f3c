"""Collect rules: all, or the best."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recsys.rules.rules import IntArray
from recsys.rules.splits import SPLITS_AT_ONCE

Values = npt.NDArray[np.float64]
Portion = tuple[IntArray, IntArray, IntArray, Values]  # antecedents, consequents, itemsets, scores


class BestRules:
    """Rules that come in portions; of more than a limit, the best by score, ties by antecedent, consequent.

    It holds at most twice the limit, and two portions, at any time.

    Parameters
    ----------
    n_itemsets : int
        Indices of itemsets are below this.
    limit : int or None
        Rules to keep; None is all.

    Attributes
    ----------
    n_added : int
        Rules that came.
    n_held : int
        Rules that are in memory.
    lowest : float
        Score that a rule must reach to be among the best.
    """

    def __init__(self, n_itemsets: int, limit: int | None = None) -> None:
        self.n_itemsets, self.limit = n_itemsets, limit
        self.n_added = 0
        self.lowest = -np.inf
        self._portions: list[Portion] = []
        self.n_held = 0

    def add(self, antecedents: IntArray, consequents: IntArray, itemsets: IntArray, scores: Values) -> None:
        """Add rules, shape (n,) each, that come after those added before: ascending by `itemsets`."""
        self.n_added += len(scores)
        portion = (antecedents, consequents, itemsets, scores)
        if self.limit is not None:
            good = scores >= self.lowest
            portion = tuple(array[good] for array in portion)  # type: ignore[assignment]
        self._portions.append(portion)
        self.n_held += len(portion[3])
        if self.limit is not None and self.n_held > 2 * self.limit + SPLITS_AT_ONCE:
            self._keep_the_best()

    def ordered(self) -> tuple[Portion, IntArray]:
        """Return the rules as they came, and their order: by score, descending, antecedent, consequent."""
        from recsys.rules._order_kernel import stable_order

        antecedents, _, _, scores = joined = self._joined()
        # For one antecedent, rules in the order of their itemsets are in that of their consequents: to equal
        # sets of other items the same items are added, which changes neither length nor first difference.
        room = np.empty((4, len(scores)), dtype=np.int64)  # one block, which the system gives large pages
        order = stable_order(antecedents, self.n_itemsets, _descending(scores), room)[: self.limit]
        return joined, order

    def _joined(self) -> Portion:
        nothing = np.empty(0, dtype=np.int32)
        columns = zip((nothing, nothing, nothing, np.empty(0)), *self._portions, strict=True)
        antecedents, consequents, itemsets, scores = (np.concatenate(column) for column in columns)
        self._portions = [(antecedents, consequents, itemsets, scores)]
        return self._portions[0]

    def _keep_the_best(self) -> None:
        (antecedents, consequents, itemsets, scores), order = self.ordered()
        self.lowest = float(scores[order[-1]])
        best = np.sort(order)  # as they came: what comes later has larger itemsets
        self._portions = [(antecedents[best], consequents[best], itemsets[best], scores[best])]
        self.n_held = len(best)


def _descending(scores: Values) -> npt.NDArray[np.int64]:
    """Return keys whose bits, as if without a sign, are ordered as the scores from high to low."""
    bits = (scores + 0.0).view(np.int64)  # there is but one zero
    positive = bits >= 0
    keys: npt.NDArray[np.int64] = np.where(positive, bits ^ np.int64(2**63 - 1), bits)
    return keys
