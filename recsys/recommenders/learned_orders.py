"""Rules learned from the orders of customers: from what was bought before to the next order."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.errors import BudgetError
from recsys.recommenders.learned_weights import MAX_OCCURRENCES, MAX_PRODUCTS, affordable_count
from recsys.recommenders.model import FloatArray
from recsys.recommenders.order_rules import OrderRules, first_and_last
from recsys.recommenders.regressions import solve

if TYPE_CHECKING:
    from recsys.recommenders._orders_kernel import Candidates, Predictions


@dataclass(frozen=True)
class OrderSettings:
    """The settings of `RuleRecommender` that concern rules between orders; see there."""

    half_life: float | None
    n_targets: int
    target_half_life: float | None
    min_count: int
    min_llr: float
    n_candidates: int
    regularization: float


def learn_from_orders(train: Histories, settings: OrderSettings) -> tuple[OrderRules, FloatArray, FloatArray]:
    """Find rules between the orders of customers and learn their weights; see `RuleRecommender`.

    Returns
    -------
    rules : OrderRules
    weights : ndarray, shape (n_rules,), float64
        Positive.
    base_rates : ndarray, shape (n_items,), float64
        Score of each item when no rule fires.

    Raises
    ------
    ParameterError
        If the regularization is too small to solve the equations.
    BudgetError
        If too much was bought before the orders.
    """
    from recsys.recommenders import _orders_kernel as kernels  # imports Numba

    predictions, is_last = _predictions(train, settings)
    pairs = first_and_last(train)
    customers = kernels.Customers(pairs.starts, pairs.items, pairs.first, pairs.last)
    sums, squares, counts = kernels.sum_up(predictions, train.n_items)
    # As a float: for an integer the kernel would be compiled once more.
    limits = settings.n_candidates, settings.min_count, float(settings.min_llr)
    found = kernels.find_candidates(predictions, customers, squares, counts, *limits)
    candidates = kernels.Candidates(*found)
    solved = _solve(predictions, candidates, sums, squares, settings.regularization)

    weights = predictions.weights
    if settings.target_half_life is not None:  # popularity changes: that of the last orders counts
        weights = weights * is_last
        sums, _, _ = kernels.sum_up(predictions._replace(weights=weights), train.n_items)
    consequents = np.repeat(np.arange(train.n_items), np.diff(candidates.starts))
    taken = solved * sums[candidates.antecedents, 0]
    base_rates = sums[:, 1] - np.bincount(consequents, taken, minlength=train.n_items)
    used = solved > 0
    rules = OrderRules(candidates.antecedents, consequents.astype(np.int32), candidates.support_counts)
    return rules[used], solved[used], base_rates / weights.sum()


def _predictions(train: Histories, settings: OrderSettings) -> tuple["Predictions", npt.NDArray[np.bool_]]:
    """Return the last orders of each customer, without the first order, and what was bought before each.

    The second result is which are the very last of their customer, shape (n_predictions,).
    """
    from recsys.recommenders import _orders_kernel as kernels

    starts_of_customers = np.concatenate(([0], np.cumsum(train.n_steps)))
    starts_of_orders = np.append(train.step_starts, len(train.item_indices))
    sizes = np.diff(starts_of_orders)
    first = starts_of_customers[:-1].repeat(train.n_steps)
    number = np.arange(len(sizes)) - first
    from_last = train.n_steps.repeat(train.n_steps) - 1 - number
    n_before = _n_bought_before(train, first)
    _check_budget(train, n_before, np.where(number > 0, from_last, settings.n_targets), settings.n_targets)

    predicted = (number > 0) & (from_last < settings.n_targets)
    starts = np.concatenate(([0], np.cumsum(n_before[predicted])))
    weights = 1 / np.sqrt(sizes[predicted])
    if settings.target_half_life is not None:
        weights = weights * np.exp2(-from_last[predicted] / settings.target_half_life)
    decay = np.exp2(-np.arange(int(train.n_steps.max())) / (settings.half_life or np.inf))
    orders = starts_of_customers, starts_of_orders, train.item_indices
    found = kernels.bought_before(*orders, predicted, starts, decay, train.n_items)
    targets = train.item_indices[predicted.repeat(sizes)]
    target_starts = np.concatenate(([0], np.cumsum(sizes[predicted])))
    weights = weights * (len(weights) / weights.sum())
    predictions = kernels.Predictions(starts, *found, weights, target_starts, targets)
    return predictions, from_last[predicted] == 0


def _n_bought_before(train: Histories, first: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many items were bought before each order; `first` is the first one of its customer."""
    is_new = np.zeros(len(train.item_indices), dtype=np.bool_)
    is_new[np.unique(train.rows * train.n_items + train.item_indices, return_index=True)[1]] = True
    before = np.cumsum(np.add.reduceat(is_new, train.step_starts, dtype=np.int64))
    before = np.concatenate(([0], before[:-1]))
    n_before: npt.NDArray[np.int64] = before - before[first]
    return n_before


def _check_budget(
    train: Histories, n_before: npt.NDArray[np.int64], from_last: npt.NDArray[np.int64], n_targets: int
) -> None:
    """Refuse what would take too much memory, or hours, with settings that do not."""
    each = (n_before, MAX_OCCURRENCES, 0), (n_before * (n_before + 1) // 2, MAX_PRODUCTS, 1)
    for cost, limit, power in each:
        # By the place of the order from the end: the cost of each number of targets.
        total = np.cumsum(np.bincount(from_last, cost, minlength=n_targets)[:n_targets])
        if total[-1] <= limit:
            continue
        affordable = int(np.searchsorted(total, limit, side="right"))
        cure = f"Set recommender.n_targets={affordable}."
        if not affordable:
            orders = np.bincount(train.item_indices, minlength=train.n_items)
            count = affordable_count(orders, limit, power)
            cure = f"Set recommender.n_targets=1 preprocessing.min_item_orders={count}."
        unit = "products of items" if power else "items"
        raise BudgetError(
            f"The orders to learn from come after {int(total[-1]):,} {unit} that were bought before them; "
            f"{limit:,} are the limit for learned weights. {cure}"
        )


def _solve(
    predictions: "Predictions",
    candidates: "Candidates",
    sums: FloatArray,
    squares: FloatArray,
    regularization: float,
) -> FloatArray:
    """Return the weight of each candidate, 0 for those that are dropped."""
    from recsys.recommenders import _orders_kernel as kernels

    rows = kernels.gram(predictions, candidates, squares)
    consequents = np.repeat(np.arange(len(squares)), np.diff(candidates.starts))
    repeats = np.flatnonzero(candidates.antecedents == consequents)
    n, products = len(predictions.weights), candidates.products.copy()
    weight = repeat_weight(products[repeats], sums, squares, n, regularization)
    products[repeats] += regularization * weight
    # `solve` knows two kinds of samples; here are predictions only.
    scales = np.array([0.0, 1 / n])
    nothing = np.zeros(len(squares))
    of_items, of_targets = (np.stack([nothing, column], axis=1) for column in sums.T)
    of_rules = candidates.starts, candidates.antecedents, products
    return solve(rows, of_items, scales, of_rules, of_targets, regularization)


def repeat_weight(
    products: FloatArray, sums: FloatArray, squares: FloatArray, n: int, regularization: float
) -> float:
    """Return the weight a of repeat rules whose items say little about it; see `RuleRecommender`.

    `products` are R_jj of all items; the others as of `sum_up`.
    """
    squares = squares - sums[:, 0] ** 2 / n
    products = products - sums[:, 0] * sums[:, 1] / n
    doubt = regularization / (regularization + squares)
    # No dot products: their last digits depend on the number of threads.
    total = float((doubt * squares).sum())
    return max(float((doubt * products).sum()) / total, 0.0) if total > 0 else 0.0
