"""Numba kernels that learn rules from the orders of customers: past orders, candidates, products."""

from math import log, sqrt
from typing import NamedTuple

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import BoolArray, FloatArray, IntArray, lowest_of_best


class Predictions(NamedTuple):
    """Orders to be predicted, each with what the customer bought before.

    Parameters
    ----------
    starts : ndarray, shape (n_predictions + 1,), int64
        What was bought before prediction p is starts[p] to starts[p + 1] - 1 of `items` and `values`.
    items : ndarray, shape (n_occurrences,), int32
        Distinct in a prediction.
    values : ndarray, shape (n_occurrences,), float64
        x: sum of d^(age of the order) over the earlier orders with the item; the last one has age 0.
    weights : ndarray, shape (n_predictions,), float64
    target_starts : ndarray, shape (n_predictions + 1,), int64
        The items of the order are target_starts[p] to target_starts[p + 1] - 1 of `targets`.
    targets : ndarray, shape (n_targets,), int32
    """

    starts: IntArray
    items: IntArray
    values: FloatArray
    weights: FloatArray
    target_starts: IntArray
    targets: IntArray


class Customers(NamedTuple):
    """First and last order of each (customer, item) pair, by customer.

    The pairs of customer u are starts[u] to starts[u + 1] - 1 of the other arrays: an item, and the numbers
    of the customer's first and last order that contain it, from 0.
    """

    starts: IntArray
    items: IntArray
    first: IntArray
    last: IntArray


class Candidates(NamedTuple):
    """Rules whose weights are learned, by consequent; antecedents ascend.

    The rules to item j are starts[j] to starts[j + 1] - 1 of `antecedents`, of the products R, and of the
    customers who bought the antecedent before the consequent.
    """

    starts: IntArray
    antecedents: IntArray
    products: FloatArray
    support_counts: IntArray


@kernel
def bought_before(
    starts_of_customers: IntArray,
    starts_of_orders: IntArray,
    items: IntArray,
    predicted: BoolArray,
    starts: IntArray,
    decay: FloatArray,
    n_items: int,
) -> tuple[IntArray, FloatArray]:
    """Return `items` and `values` of `Predictions`, for the orders that are predicted.

    Parameters
    ----------
    starts_of_customers : ndarray, shape (n_customers + 1,), int64
        The orders of customer u are starts_of_customers[u] to starts_of_customers[u + 1] - 1.
    starts_of_orders : ndarray, shape (n_orders + 1,), int64
        The items of order o are starts_of_orders[o] to starts_of_orders[o + 1] - 1 of `items`.
    predicted : ndarray, shape (n_orders,), bool
    starts
        As in `Predictions`.
    decay : ndarray, shape (most orders of a customer,), float64
        Powers of d.
    """
    found, values = np.empty(starts[-1], dtype=np.int32), np.empty(starts[-1])
    value_of, updated = np.zeros(n_items), np.full(n_items, -1)
    own = np.empty(n_items, dtype=np.int32)
    free = 0
    for customer in range(len(starts_of_customers) - 1):
        first, n_own = starts_of_customers[customer], 0
        for order in range(first, starts_of_customers[customer + 1]):
            if predicted[order]:
                for item in own[:n_own]:
                    found[free] = item
                    values[free] = value_of[item] * decay[order - 1 - updated[item]]
                    free += 1
            for item in items[starts_of_orders[order] : starts_of_orders[order + 1]]:
                if updated[item] < first:
                    own[n_own], value_of[item] = item, 1.0
                    n_own += 1
                else:
                    value_of[item] = value_of[item] * decay[order - updated[item]] + 1.0
                updated[item] = order
    return found, values


@kernel
def sum_up(predictions: Predictions, n_items: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the sums of x and y of each item, the diagonal of G, and the numbers of predictions.

    Their shapes are (n_items, 2), (n_items,) and (n_items, 2): the last are those in which the item was
    bought before, and those in which it is a target.
    """
    sums, squares, counts = np.zeros((n_items, 2)), np.zeros(n_items), np.zeros((n_items, 2))
    for prediction in range(len(predictions.weights)):
        weight = predictions.weights[prediction]
        for place in range(predictions.starts[prediction], predictions.starts[prediction + 1]):
            item, value = predictions.items[place], predictions.values[place]
            sums[item, 0] += weight * value
            squares[item] += weight * value * value
            counts[item, 0] += 1.0
        for place in range(predictions.target_starts[prediction], predictions.target_starts[prediction + 1]):
            sums[predictions.targets[place], 1] += weight
            counts[predictions.targets[place], 1] += 1.0
    return sums, squares, counts


@kernel
def by_item(starts: IntArray, items: IntArray, n_items: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return the groups and the places of each item, both ascending: starts, groups and places.

    Group g is starts[g] to starts[g + 1] - 1 of `items`.
    """
    starts_of_items = np.zeros(n_items + 1, dtype=np.int64)
    for item in items:
        starts_of_items[item + 1] += 1
    starts_of_items = np.cumsum(starts_of_items)
    free = starts_of_items.copy()
    groups, places = np.empty(len(items), dtype=np.int32), np.empty(len(items), dtype=np.int64)
    for group in range(len(starts) - 1):
        for place in range(starts[group], starts[group + 1]):
            to = free[items[place]]
            free[items[place]] += 1
            groups[to], places[to] = group, place
    return starts_of_items, groups, places


@kernel
def log_likelihood_ratio(n: float, n_ac: float, n_a: float, n_c: float) -> float:
    """Return G^2 of a 2 x 2 table (Dunning 1993); -1 unless both occur together more often than by chance."""
    if n * n_ac <= n_a * n_c:
        return -1.0
    cells = (n_ac, n_a - n_ac, n_c - n_ac, n - n_a - n_c + n_ac)
    margins = (n_a, n - n_a, n_c, n - n_c)
    ratio = _x_log_x(n)
    for cell in cells:
        ratio += _x_log_x(cell)
    for margin in margins:
        ratio -= _x_log_x(margin)
    return max(2.0 * ratio, 0.0)


@kernel
def _x_log_x(value: float) -> float:
    return value * log(value) if value > 0.0 else 0.0


@kernel
def find_candidates(
    predictions: Predictions,
    customers: Customers,
    squares: FloatArray,
    counts: FloatArray,
    n_candidates: int,
    min_count: int,
    min_llr: float,
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """Return the fields of `Candidates`.

    The rules to each item are that from itself, and the best of the others that are no coincidence.

    `squares` and `counts` as of `sum_up`, settings as of `RuleRecommender`.
    """
    n_items, n = len(squares), float(len(predictions.weights))
    of_targets = by_item(predictions.target_starts, predictions.targets, n_items)
    of_customers = by_item(customers.starts, customers.items, n_items)
    products, together = np.zeros(n_items), np.zeros(n_items)
    support_counts = np.zeros(n_items, dtype=np.int64)
    near, ratios = np.empty(n_items, dtype=np.int32), np.empty((2, n_items))
    starts, size = np.zeros(n_items + 1, dtype=np.int64), 0
    antecedents, of_rules = np.empty(1024, dtype=np.int32), np.empty(1024)
    supports = np.empty(1024, dtype=np.int64)
    for item in range(n_items):
        near[0], n_near = item, 1
        for entry in range(of_customers[0][item], of_customers[0][item + 1]):
            customer, last = of_customers[1][entry], customers.last[of_customers[2][entry]]
            for place in range(customers.starts[customer], customers.starts[customer + 1]):
                if customers.first[place] < last:
                    other = customers.items[place]
                    if support_counts[other] == 0 and other != item:
                        near[n_near] = other
                        n_near += 1
                    support_counts[other] += 1
        for entry in range(of_targets[0][item], of_targets[0][item + 1]):
            prediction = of_targets[1][entry]
            weight = predictions.weights[prediction]
            for place in range(predictions.starts[prediction], predictions.starts[prediction + 1]):
                products[predictions.items[place]] += weight * predictions.values[place]
                together[predictions.items[place]] += 1.0
        found = np.sort(near[:n_near])
        n_found = 0
        for other in found:
            ratio = np.inf  # a rule from the item itself is always kept
            if other != item:
                if support_counts[other] < min_count or products[other] <= 0.0:
                    continue
                n_a, n_c = counts[other, 0], counts[item, 1]
                if log_likelihood_ratio(n, together[other], n_a, n_c) < min_llr:
                    continue
                ratio = products[other] / sqrt(squares[other])
            near[n_found], ratios[0, n_found], ratios[1, n_found] = other, ratio, ratio
            n_found += 1
        lowest, n_equal = lowest_of_best(ratios[0], n_found, n_candidates)
        while size + n_found > len(antecedents):
            antecedents = np.concatenate((antecedents, antecedents))
            of_rules = np.concatenate((of_rules, of_rules))
            supports = np.concatenate((supports, supports))
        for place in range(n_found):
            other, ratio = near[place], ratios[1, place]
            if ratio > lowest or (ratio == lowest and n_equal > 0):
                n_equal -= ratio == lowest
                antecedents[size], of_rules[size] = other, products[other]
                supports[size] = support_counts[other]
                size += 1
        starts[item + 1] = size
        for other in found:
            products[other], together[other], support_counts[other] = 0.0, 0.0, 0
    return starts, antecedents[:size].copy(), of_rules[:size].copy(), supports[:size].copy()


@kernel
def gram(
    predictions: Predictions, candidates: Candidates, squares: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the lower triangle of G as rows of a sparse matrix: starts, columns (ascending) and values.

    It holds only products of antecedents with a consequent in common.
    """
    n_items = len(squares)
    starts_of_items, groups, places = by_item(predictions.starts, predictions.items, n_items)
    as_antecedent = by_item(candidates.starts, candidates.antecedents, n_items)
    starts, size = np.zeros(n_items + 1, dtype=np.int64), 0
    columns, values = np.empty(1024, dtype=np.int32), np.empty(1024)
    is_partner, row = np.zeros(n_items, dtype=np.bool_), np.zeros(n_items)
    partners = np.empty(n_items, dtype=np.int32)
    for item in range(n_items):
        n_partners = 0
        for entry in range(as_antecedent[0][item], as_antecedent[0][item + 1]):
            consequent = as_antecedent[1][entry]
            for place in range(candidates.starts[consequent], candidates.starts[consequent + 1]):
                other = candidates.antecedents[place]
                if other >= item:
                    break
                if not is_partner[other]:
                    is_partner[other], partners[n_partners] = True, other
                    n_partners += 1
        if n_partners:
            for entry in range(starts_of_items[item], starts_of_items[item + 1]):
                prediction = groups[entry]
                factor = predictions.weights[prediction] * predictions.values[places[entry]]
                for place in range(predictions.starts[prediction], predictions.starts[prediction + 1]):
                    if is_partner[predictions.items[place]]:
                        row[predictions.items[place]] += factor * predictions.values[place]
        while size + n_partners >= len(columns):
            columns, values = np.concatenate((columns, columns)), np.concatenate((values, values))
        for other in np.sort(partners[:n_partners]):
            columns[size], values[size] = other, row[other]
            size += 1
            is_partner[other], row[other] = False, 0.0
        columns[size], values[size] = item, squares[item]
        size += 1
        starts[item + 1] = size
    return starts, columns[:size].copy(), values[:size].copy()
