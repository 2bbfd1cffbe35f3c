"""Numba kernel that puts frequent itemsets of a search into the order of `FrequentItemsets`."""

from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel

IntArray = npt.NDArray[np.integer[Any]]


@kernel
def in_order_of_columns(
    parents: IntArray, last_items: IntArray, counts: IntArray, offsets: IntArray, columns: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the parents, last items and counts of itemsets whose items were numbered in another order.

    The itemsets are in the defined order by the numbers of their items; `columns`, shape (n_items,), are the
    columns of the numbers, and every item is an itemset. In the result, itemsets are in order by columns.

    The parent of an itemset by columns, the itemset without its last column, is its parent by numbers if that
    leaves out the last column, too. Otherwise it is another one that ends with the same number. Each length
    is then sorted by last column and by parent, with counting sorts.
    """
    n_itemsets, n_columns = len(parents), columns.max() + 1
    lasts = np.empty(n_itemsets, dtype=np.int32)  # last column of each itemset
    shorter = np.empty(n_itemsets, dtype=np.int32)  # the itemset without it
    places = np.empty(n_itemsets, dtype=np.int32)  # index in the result
    children = np.empty(n_itemsets + 1, dtype=np.int32)  # the first itemset with the parent or a later one
    new_parents, new_items = np.empty_like(parents), np.empty_like(last_items)
    new_counts = np.empty_like(counts)
    child = offsets[1]
    for index in range(n_itemsets):
        while child < n_itemsets and parents[child] < index:
            child += 1
        children[index] = child
    children[n_itemsets] = n_itemsets
    for length in range(1, len(offsets)):
        start, stop = offsets[length - 1], offsets[length]
        for index in range(start, stop):
            number, parent = last_items[index], parents[index]
            column = columns[number]
            if parent < 0 or column > lasts[parent]:
                lasts[index], shorter[index] = column, parent
                continue
            lasts[index] = lasts[parent]
            if length == 2:
                shorter[index] = number
                continue
            low, high = children[shorter[parent]], children[shorter[parent] + 1]
            while last_items[low] != number:
                middle = (low + high) >> 1
                if last_items[middle] > number:
                    high = middle
                else:
                    low = middle
            shorter[index] = low
        by_column = np.zeros(n_columns + 1, dtype=np.int32)
        for index in range(start, stop):
            by_column[lasts[index] + 1] += 1
        for column in range(n_columns):
            by_column[column + 1] += by_column[column]
        order = np.empty(stop - start, dtype=np.int32)
        for index in range(start, stop):
            order[by_column[lasts[index]]] = index
            by_column[lasts[index]] += 1
        before = offsets[length - 2] if length > 1 else -1  # the first parent; single items have -1 alone
        by_parent = np.zeros(start - before + 1, dtype=np.int32)
        for index in range(start, stop):
            by_parent[(places[shorter[index]] if length > 1 else -1) - before + 1] += 1
        for parent in range(start - before):
            by_parent[parent + 1] += by_parent[parent]
        for index in order:
            parent = places[shorter[index]] if length > 1 else -1
            place = start + by_parent[parent - before]
            by_parent[parent - before] += 1
            places[index] = place
            new_parents[place], new_items[place], new_counts[place] = parent, lasts[index], counts[index]
    return new_parents, new_items, new_counts
