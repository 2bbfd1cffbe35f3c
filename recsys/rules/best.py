"""Collect rules: all, or the best."""

import numpy as np
import numpy.typing as npt

from recsys.mining.trie import IntArray
from recsys.rules.splits import SPLITS_AT_ONCE

Values = npt.NDArray[np.float64]
Portion = tuple[IntArray, IntArray, IntArray, Values]  # antecedents, consequents, itemsets, scores


class BestRules:
    """Collect rules from portions; beyond a limit, the best by score, ties by antecedent, then consequent.

    At most twice the limit, and two portions, are in memory. `n_added` and `n_held` are the numbers of rules
    added and in memory, `lowest` the score that a rule must reach to be among the best.
    """

    def __init__(self, n_itemsets: int, limit: int | None = None) -> None:
        self.n_itemsets, self.limit = n_itemsets, limit
        self.n_added = 0
        self.lowest = -np.inf
        self._portions: list[Portion] = []
        self.n_held = 0

    def add(self, antecedents: IntArray, consequents: IntArray, itemsets: IntArray, scores: Values) -> None:
        """Add rules, shape (n,) each, ascending by `itemsets` from call to call."""
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
        """Return the rules as added, and their order: by score, descending, antecedent, consequent."""
        from recsys.rules._order_kernel import stable_order

        antecedents, _, _, scores = joined = self._joined()
        # For one antecedent, the order of the itemsets is that of the consequents: adding the same items to
        # sets changes neither which is longer nor their first difference.
        room = np.empty((4, len(scores)), dtype=np.int64)  # one block, for which the system uses large pages
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
        best = np.sort(order)  # ascending by itemsets again
        self._portions = [(antecedents[best], consequents[best], itemsets[best], scores[best])]
        self.n_held = len(best)


def _descending(scores: Values) -> npt.NDArray[np.int64]:
    """Return keys whose unsigned bits ascend as the scores descend."""
    bits = (scores + 0.0).view(np.int64)  # + 0.0: -0.0 becomes 0.0
    return np.where(bits >= 0, bits ^ np.int64(2**63 - 1), bits)
