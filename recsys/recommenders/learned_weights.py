"""Learned weights of rules: a non-negative ridge regression for each consequent."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.errors import BudgetError
from recsys.recommenders.processors import on_all_processors
from recsys.recommenders.regressions import solve
from recsys.recommenders.rule_index import build_index
from recsys.rules import Rules

if TYPE_CHECKING:
    from recsys.recommenders._learning_kernel import Occurrences, Sequences

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer[Any]]

RANGES = 16  # of antecedents, for the processors
MAX_OCCURRENCES = 200_000_000  # of antecedents in histories, 24 bytes each
MAX_PRODUCTS = 20_000_000_000  # of two antecedents in a history: minutes


def learn_weights(
    train: Histories,
    rules: Rules,
    half_life: float | None,
    set_weight: float,
    n_candidates: int,
    regularization: float,
    base_penalty: float,
) -> tuple[FloatArray, FloatArray]:
    """Learn weights of rules with one item in the consequent; see `RuleRecommender`.

    Returns
    -------
    weights : ndarray, shape (n_rules,), float64
        0 for the rules that are not used.
    base_rates : ndarray, shape (n_items,), float64
        Score of each item when no rule fires.

    Raises
    ------
    ParameterError
        If the regularization is too small to solve the equations.
    BudgetError
        If the antecedents occur together too often.
    """
    from recsys.recommenders import _learning_kernel as kernels  # imports Numba

    _check_occurrences(rules)
    train = train.latest
    n_later = 0 if train.steps is None or half_life is None else 2 * int(train.lengths.max(initial=0))
    decay = np.exp2(-np.arange(n_later + 1) / (half_life or 1.0))
    sequences = kernels.sequences(train.offsets, train.item_indices, train.steps if n_later else None, decay)
    is_predicted = sequences.begins > 0
    # Of the sets, and of the predictions: their number, their weight, and how often each item is the target.
    numbers = np.array([train.n_users, np.count_nonzero(is_predicted)], dtype=np.float64)
    importance = np.array([set_weight, 1.0]) if numbers[1] else np.array([1.0, 0.0])
    targets = np.stack(
        [
            np.bincount(items, minlength=train.n_items)
            for items in (train.item_indices, train.item_indices[is_predicted])
        ],
        axis=1,
    ).astype(np.float64)

    index = build_index(rules, np.ones(len(rules)))
    found = kernels.Occurrences(*kernels.find_antecedents(index, sequences))
    by_node = kernels.Occurrences(*kernels.transpose(found, len(index.last_items)))
    products, squares, sums = kernels.correlate(index, sequences, by_node, importance)

    # Candidates, as entries of the index: the best of each consequent, then by antecedent.
    nodes = np.repeat(np.arange(len(index.last_items)), np.diff(index.rule_starts))
    size = np.sqrt(squares)[nodes]
    ratios = np.divide(products, size, out=np.zeros_like(products), where=size > 0)
    best = kernels.best_of_targets(index.consequents, ratios, len(index.items), n_candidates)
    used = np.flatnonzero(np.bincount(nodes[best]))
    columns = (np.cumsum(np.bincount(used)) - 1)[nodes[best]]
    starts = np.searchsorted(index.consequents[best], np.arange(len(index.items) + 1))

    found = kernels.select(found, used, len(index.last_items))
    _check_products(np.diff(found.starts), rules)
    by_node = kernels.Occurrences(*kernels.transpose(found, len(used)))
    by_user = kernels.Occurrences(*kernels.transpose(by_node, train.n_users))
    rows = _gram(sequences, by_user, by_node, importance)
    candidates = starts, columns, products[best]
    penalised = numbers * (1 + base_penalty)
    scales = np.divide(importance, penalised, out=np.zeros(2), where=numbers > 0)
    solved = solve(rows, sums[used], scales, candidates, targets[index.items], regularization)
    weights = np.zeros(len(rules))
    weights[index.rules[best]] = solved
    part = int(numbers[1] > 0)
    base_rates = targets[:, part]
    taken = solved * sums[nodes[best], part]
    base_rates[index.items] -= np.bincount(index.consequents[best], taken, minlength=len(index.items))
    return weights, base_rates / max(penalised[part], 1.0)


def _gram(
    sequences: "Sequences", by_user: "Occurrences", by_node: "Occurrences", importance: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the lower triangle of G as rows of a sparse matrix: starts, columns (ascending) and values."""
    from recsys.recommenders._learning_kernel import gram

    # Ranges of nodes of about the same cost: node i of c users is multiplied with up to i others of each.
    costs = np.cumsum(np.diff(by_node.starts) * np.arange(1, len(by_node.starts)))
    cuts = np.searchsorted(costs, costs.max(initial=0) * np.arange(1, RANGES) / RANGES)
    bounds = [*np.unique([0, *cuts]).tolist(), len(costs)]
    ranges = [(sequences, by_user, by_node, importance, *some) for some in pairwise(bounds)]
    sizes, columns, values = map(np.concatenate, zip(*on_all_processors(gram, ranges), strict=True))
    return np.concatenate(([0], np.cumsum(sizes))), columns, values


def _check_occurrences(rules: Rules) -> None:
    """Refuse antecedents that are too many to be listed for each user."""
    is_antecedent = np.zeros(len(rules.source), dtype=np.bool_)
    is_antecedent[rules.antecedents] = True
    n = int(rules.source.counts[is_antecedent].sum())
    if n > MAX_OCCURRENCES:
        raise BudgetError(
            f"The antecedents of the rules occur {n:,} times in the histories; {MAX_OCCURRENCES:,} are the "
            f"limit for learned weights. {_cure(rules, MAX_OCCURRENCES, 0)}"
        )


def _check_products(n_of_users: npt.NDArray[np.int64], rules: Rules) -> None:
    """Refuse antecedents that would take hours to be multiplied with each other."""
    n = int((n_of_users * (n_of_users + 1) // 2).sum())
    if n > MAX_PRODUCTS:
        raise BudgetError(
            f"Learning the weights would take {n:,} products of antecedents; {MAX_PRODUCTS:,} are the limit. "
            f"{_cure(rules, MAX_PRODUCTS, 1)}"
        )


def _cure(rules: Rules, limit: int, power: int) -> str:
    """Return settings with few enough antecedents: of one item, or also of items that are frequent enough."""
    source = rules.source
    if (rules.antecedents >= source.offsets[1]).any():
        return "Set recommender.max_antecedent_len=1."
    return f"Set apriori.min_count={affordable_count(source.level_counts(1), limit, power)}."


def affordable_count(counts: npt.NDArray[np.integer[Any]], limit: int, power: int) -> int:
    """Return the smallest count whose items, with at least that many occurrences, do not exceed a limit.

    Of the j most frequent items the last is with at most j of them each time: `power` is 1 for products.
    """
    counts = np.sort(counts)[::-1].astype(np.int64)
    at_most = np.cumsum(counts * np.arange(1, len(counts) + 1) ** power)
    return int(counts[np.searchsorted(at_most, limit, side="right")]) + 1
