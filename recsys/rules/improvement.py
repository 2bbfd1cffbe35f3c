"""Improvement of a rule: the gain in confidence over all simpler rules."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recsys.mining import FrequentItemsets

IntArray = npt.NDArray[np.integer]


def improvement(
    itemsets: FrequentItemsets, antecedents: IntArray, wholes: IntArray
) -> npt.NDArray[np.float64]:
    """Return the improvement of rules: the least that leaving out items of the antecedent costs.

    imp(A -> C) = min over A' of conf(A -> C) - conf(A' -> C), where A' runs over the proper subsets of A
    (Bayardo, Agrawal and Gunopulos, ICDE 1999, section 2.1). The empty one is among them, as in the paper and
    in R's arules, and conf({} -> C) is s_c: so for an antecedent of one item this is the added value. It lies
    in (-1, 1); a rule with 0 or less is redundant. All A' count, whatever constraints rules have.

    Parameters
    ----------
    antecedents, wholes : ndarray, shape (n_rules,), int
        Indices of the antecedents, and of antecedent and consequent together.

    Returns
    -------
    ndarray, shape (n_rules,), float64
    """
    from recsys.rules import _split_kernel as kernel

    return kernel.improvements(
        itemsets.trie,
        itemsets.offsets.astype(np.int64),
        itemsets.counts.astype(np.int64),
        itemsets.n_transactions,
        antecedents.astype(np.int32),
        wholes.astype(np.int32),
        np.argsort(wholes, kind="stable"),
    )
