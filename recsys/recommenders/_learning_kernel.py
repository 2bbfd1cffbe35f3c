"""Numba kernels that learn weights of rules: sums of products, and a regression for each consequent."""

from typing import NamedTuple

import numpy as np

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray, lowest_of_best
from recsys.recommenders._rules_kernel import Index, group


class Sequences(NamedTuple):
    """Histories, with the place of each entry in time and sums over the later steps.

    Positions count the entries of a user from 0. A step of n items that starts at position c makes n
    predictions, one of each item; in them the value of a like whose step ends at position e is d^(c - e).
    Without steps, all sums over predictions are 0.

    Parameters
    ----------
    starts : ndarray, shape (n_users + 1,), int64
        The entries of user u are starts[u] to starts[u + 1] - 1 of the other arrays.
    items : ndarray, shape (n_entries,), int32
    begins, ends : ndarray, shape (n_entries,), int64
        Position at which the step of each entry starts, and ends.
    later, later_squared : ndarray, shape (n_entries,), float64
        Sums of d^(c - e) and of d^(2 (c - e)) over the later predictions, for the end e of the entry's step.
    decay : ndarray, shape (2 n_longest + 1,), float64
        Powers of d.
    """

    starts: IntArray
    items: IntArray
    begins: IntArray
    ends: IntArray
    later: FloatArray
    later_squared: FloatArray
    decay: FloatArray


class Occurrences(NamedTuple):
    """Pairs of a user and an antecedent that the history holds, grouped by user or by antecedent.

    Those of group g are starts[g] to starts[g + 1] - 1 of `members`, the other one of the pair, and of
    `oldest` and `latest`: the ends of the oldest and of the latest step of the antecedent's items.
    """

    starts: IntArray
    members: IntArray
    oldest: IntArray
    latest: IntArray


def sequences(starts: IntArray, items: IntArray, steps: IntArray | None, decay: FloatArray) -> Sequences:
    """Place the entries of histories in time; without steps each history is one step."""
    if steps is None:
        steps = np.zeros(len(items), dtype=np.int64)
        decay = np.ones(2 * int(np.diff(starts).max(initial=0)) + 1)
    return Sequences(starts, items, *place_in_time(starts, steps, decay), decay)


@kernel
def place_in_time(
    starts: IntArray, steps: IntArray, decay: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return `begins`, `ends`, `later` and `later_squared` of `Sequences`; equal `steps` are one step."""
    n = len(steps)
    begins, ends = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    later, later_squared = np.zeros(n), np.zeros(n)
    for user in range(len(starts) - 1):
        first, stop = starts[user], starts[user + 1]
        after, after_squared = 0.0, 0.0
        end = stop
        while end > first:
            begin = end - 1
            while begin > first and steps[begin - 1] == steps[end - 1]:
                begin -= 1
            for entry in range(begin, end):
                begins[entry], ends[entry] = begin - first, end - first
                later[entry], later_squared[entry] = after, after_squared
            size = end - begin
            after = size + decay[size] * after
            after_squared = size + decay[2 * size] * after_squared
            end = begin
    return begins, ends, later, later_squared


@kernel
def find_antecedents(index: Index, sequences: Sequences) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return the fields of the `Occurrences` in histories: groups are users, members nodes, in no order."""
    n_users = len(sequences.starts) - 1
    starts, size = np.zeros(n_users + 1, dtype=np.int64), 0
    found = np.empty((3, 1024), dtype=np.int64)
    end_of = np.zeros(len(index.roots), dtype=np.int64)
    stack = np.empty((3, len(index.last_items) + 1), dtype=np.int64)
    for user in range(n_users):
        entries = range(sequences.starts[user], sequences.starts[user + 1])
        for entry in entries:
            end_of[sequences.items[entry]] = sequences.ends[entry]
        for entry in entries:
            node = index.roots[sequences.items[entry]]
            if node < 0:
                continue
            depth = 1
            stack[0, 0], stack[1, 0], stack[2, 0] = node, sequences.ends[entry], sequences.ends[entry]
            while depth:
                depth -= 1
                node, oldest, latest = stack[0, depth], stack[1, depth], stack[2, depth]
                if index.rule_starts[node] < index.rule_starts[node + 1]:
                    if size == found.shape[1]:
                        found = np.concatenate((found, np.empty_like(found)), axis=1)
                    found[0, size], found[1, size], found[2, size] = node, oldest, latest
                    size += 1
                for child in range(index.child_starts[node], index.child_starts[node + 1]):
                    end = end_of[index.last_items[child]]
                    if end:
                        stack[0, depth], stack[1, depth], stack[2, depth] = (
                            child,
                            min(oldest, end),
                            max(latest, end),
                        )
                        depth += 1
        starts[user + 1] = size
        for entry in entries:
            end_of[sequences.items[entry]] = 0
    return starts, found[0, :size].copy(), found[1, :size].copy(), found[2, :size].copy()


def select(by_user: Occurrences, nodes: IntArray, n_nodes: int) -> Occurrences:
    """Return the occurrences of some antecedents (ascending), numbered from 0."""
    number = np.full(n_nodes, -1, dtype=np.int64)
    number[nodes] = np.arange(len(nodes))
    members = number[by_user.members]
    kept = members >= 0
    starts = np.zeros(len(members) + 1, dtype=np.int64)
    starts[1:] = np.cumsum(kept)
    return Occurrences(starts[by_user.starts], members[kept], by_user.oldest[kept], by_user.latest[kept])


@kernel
def transpose(occurrences: Occurrences, n_members: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return the fields of `Occurrences` grouped by what were members; the members, once groups, ascend."""
    starts = np.zeros(n_members + 1, dtype=np.int64)
    for member in occurrences.members:
        starts[member + 1] += 1
    starts = np.cumsum(starts)
    free, n = starts.copy(), len(occurrences.members)
    groups, oldest, latest = (
        np.empty(n, dtype=np.int64),
        np.empty(n, dtype=np.int64),
        np.empty(n, dtype=np.int64),
    )
    for number in range(len(occurrences.starts) - 1):
        for place in range(occurrences.starts[number], occurrences.starts[number + 1]):
            to = free[occurrences.members[place]]
            free[occurrences.members[place]] += 1
            groups[to], oldest[to], latest[to] = number, occurrences.oldest[place], occurrences.latest[place]
    return starts, groups, oldest, latest


@kernel
def correlate(
    index: Index, sequences: Sequences, by_node: Occurrences, importance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return R of each entry of the index, the diagonal of G, and the sums of x.

    Their shapes are (n_rules,), (n_nodes,) and (n_nodes, 2): sums over sets and over predictions.
    `importance`, shape (2,), holds the weights of both.
    """
    of_sets, of_predictions = importance
    starts, items, begins, decay = sequences.starts, sequences.items, sequences.begins, sequences.decay
    n_nodes = len(index.last_items)
    products, squares, sums = np.zeros(len(index.rules)), np.zeros(n_nodes), np.zeros((n_nodes, 2))
    of_items = np.zeros(len(index.roots))
    for node in range(n_nodes):
        rules = range(index.rule_starts[node], index.rule_starts[node + 1])
        if not len(rules):
            continue
        of_items[:] = 0.0
        for place in range(by_node.starts[node], by_node.starts[node + 1]):
            user, oldest, latest = by_node.members[place], by_node.oldest[place], by_node.latest[place]
            first, stop = starts[user], starts[user + 1]
            last = first + latest - 1  # an entry of the latest step
            age = decay[latest - oldest]
            squares[node] += of_sets + of_predictions * age * age * sequences.later_squared[last]
            sums[node, 0] += 1.0
            sums[node, 1] += age * sequences.later[last]
            for entry in range(first, stop):
                of_items[items[entry]] += of_sets
            for entry in range(first + latest, stop):
                of_items[items[entry]] += of_predictions * decay[begins[entry] - oldest]
        for rule in rules:
            products[rule] = of_items[index.items[index.consequents[rule]]]
    return products, squares, sums


@kernel
def gram(
    sequences: Sequences,
    by_user: Occurrences,
    by_node: Occurrences,
    importance: FloatArray,
    first_node: int,
    stop: int,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the lower triangle of G, from a row to stop - 1, as rows of a sparse matrix.

    They are sizes of rows, columns (ascending) and values.
    """
    of_sets, of_predictions = importance
    sizes, size = np.zeros(stop - first_node, dtype=np.int64), 0
    columns, values = np.empty(1024, dtype=np.int32), np.empty(1024)
    row = np.zeros(stop)
    decay = sequences.decay
    for node in range(first_node, stop):
        for place in range(by_node.starts[node], by_node.starts[node + 1]):
            user, oldest, latest = by_node.members[place], by_node.oldest[place], by_node.latest[place]
            first = sequences.starts[user]
            for other in range(by_user.starts[user], by_user.starts[user + 1]):
                column = by_user.members[other]
                if column > node:
                    break
                last = max(latest, by_user.latest[other])
                age = 2 * last - oldest - by_user.oldest[other]
                row[column] += (
                    of_sets + of_predictions * decay[age] * sequences.later_squared[first + last - 1]
                )
        for column in range(node + 1):
            if row[column] != 0.0:
                if size == len(columns):
                    columns = np.concatenate((columns, np.empty_like(columns)))
                    values = np.concatenate((values, np.empty_like(values)))
                columns[size], values[size] = column, row[column]
                size += 1
                row[column] = 0.0
        sizes[node - first_node] = size
    sizes[1:] -= sizes[:-1].copy()
    return sizes, columns[:size].copy(), values[:size].copy()


@kernel
def best_of_targets(targets: IntArray, ratios: FloatArray, n_targets: int, n_best: int) -> IntArray:
    """Return the entries with the highest ratios of each target, of equal ones the first, by target.

    `targets`, from 0 to n_targets - 1, and `ratios` have shape (n_entries,). The entries of a target ascend.
    """
    starts, by_target = group(targets, n_targets)
    best, size = np.empty(len(targets), dtype=np.int64), 0
    of_target = np.empty(len(targets))
    for target in range(n_targets):
        first, n = starts[target], starts[target + 1] - starts[target]
        for place in range(n):
            of_target[place] = ratios[by_target[first + place]]
        lowest, n_equal = lowest_of_best(of_target, n, n_best)
        for place in range(n):
            entry = by_target[first + place]
            if ratios[entry] > lowest:
                best[size] = entry
                size += 1
            elif ratios[entry] == lowest and n_equal > 0:
                best[size] = entry
                size += 1
                n_equal -= 1
    return best[:size].copy()


@kernel
def regress(
    rows: tuple[IntArray, IntArray, FloatArray],
    sums: FloatArray,
    scales: FloatArray,
    candidates: tuple[IntArray, IntArray, FloatArray],
    sums_of_targets: FloatArray,
    regularization: float,
    first: int,
    stop: int,
    weights: FloatArray,
) -> None:
    """Write the weights of the candidates of the targets first to stop - 1, 0 for those that are dropped.

    Parameters
    ----------
    rows
        The lower triangle of G, as rows of a sparse matrix: starts, columns (ascending) and values.
    sums : ndarray, shape (n_nodes, 2), float64
        Sums of x over sets and over predictions.
    scales : ndarray, shape (2,), float64
        What the product of two sums is multiplied by when G and R are centred: weight / number.
    candidates
        starts, nodes (ascending) and R: the candidates of target j are starts[j] to starts[j + 1] - 1.
    sums_of_targets : ndarray, shape (n_targets, 2), float64
        Sums of y.
    weights : ndarray, shape (n_candidates,), float64
    """
    starts, nodes, products = candidates
    bases, matrices = centred(rows, sums, scales, candidates, first, stop)
    for target in range(first, stop):
        begin, n = starts[target], starts[target + 1] - starts[target]
        matrix = matrices[bases[target - first] : bases[target - first + 1]].reshape((n, n))
        right = np.empty(n)
        for place in range(n):
            matrix[place, place] += regularization
            right[place] = products[begin + place]
            for part in range(2):
                right[place] -= (
                    scales[part] * sums[nodes[begin + place], part] * sums_of_targets[target, part]
                )
        weights[begin : begin + n] = 0.0
        active = np.arange(n)
        while len(active):
            size = len(active)
            own = np.empty((size, size))
            for place in range(size):
                line = matrix[active[place]]
                for other in range(size):
                    own[place, other] = line[active[other]]
            # Transposed, which is the same, it is as LAPACK wants it.
            solution = np.linalg.solve(own.T, right[active])
            if (solution > 0.0).all():
                for place in range(size):
                    weights[begin + active[place]] = solution[place]
                break
            active = active[solution > 0.0]


@kernel
def centred(
    rows: tuple[IntArray, IntArray, FloatArray],
    sums: FloatArray,
    scales: FloatArray,
    candidates: tuple[IntArray, IntArray, FloatArray],
    first: int,
    stop: int,
) -> tuple[IntArray, FloatArray]:
    """Return the part of G, centred, that belongs to the candidates of each target; see `regress`.

    That of target first + t, a square matrix in rows, is bases[t] to bases[t + 1] - 1 of the second result.
    Each row of G is spread out once, for all targets.
    """
    row_starts, columns, values = rows
    starts, nodes, _ = candidates
    n_nodes, begin, end = len(row_starts) - 1, starts[first], starts[stop]
    bases, target_of = np.zeros(stop - first + 1, dtype=np.int64), np.empty(end - begin, dtype=np.int64)
    for target in range(first, stop):
        n = starts[target + 1] - starts[target]
        bases[target - first + 1] = bases[target - first] + n * n
        target_of[starts[target] - begin : starts[target + 1] - begin] = target
    _, by_node = group(nodes[begin:end], n_nodes)
    matrices, row = np.empty(bases[-1]), np.zeros(n_nodes)
    last = -1
    for position in by_node:
        entry, target = begin + position, target_of[position]
        node = nodes[entry]
        if node != last:
            if last >= 0:
                for place in range(row_starts[last], row_starts[last + 1]):
                    row[columns[place]] = 0.0
            for place in range(row_starts[node], row_starts[node + 1]):
                row[columns[place]] = values[place]
            last = node
        start, n, base = starts[target], starts[target + 1] - starts[target], bases[target - first]
        place = entry - start
        for other in range(place + 1):
            value = row[nodes[start + other]]
            for part in range(2):
                value -= scales[part] * sums[node, part] * sums[nodes[start + other], part]
            matrices[base + place * n + other] = value
            matrices[base + other * n + place] = value
    return bases, matrices
