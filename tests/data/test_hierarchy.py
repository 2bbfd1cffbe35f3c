"""Histories with categories beside items, and hierarchies as arrays."""

import numpy as np
from scipy import sparse

from recsys.data import Hierarchy, Histories

# Items 0, 1 and 2; the categories are 3 (of 0 and 1) and 4 (of 1).
MEMBERS = sparse.csr_array(np.array([[1, 0], [1, 1], [0, 0]], dtype=np.bool_))
HIERARCHY = Hierarchy(
    np.array([10, 20, 30]), np.array(["c", "d"]), MEMBERS, np.array([[1, 0]]), replaces=False
)


def make(lists, steps, repeats=False):
    offsets = np.cumsum([0, *map(len, lists)])
    flat = np.array([item for row in lists for item in row], dtype=np.int32)
    return Histories(offsets, flat, HIERARCHY.items, np.arange(len(lists)), np.array(steps), repeats)


def entries(histories):
    steps = histories.steps.tolist()
    return list(zip(histories.rows.tolist(), steps, histories.item_indices.tolist(), strict=True))


def test_a_category_stands_once_in_each_order_with_an_item_of_it():
    orders = make([[0, 1, 2, 0], [2]], [1, 1, 2, 3, 1], repeats=True)
    extended = orders.extend(HIERARCHY)
    assert entries(extended) == [
        (0, 1, 0), (0, 1, 1), (0, 1, 3), (0, 1, 4), (0, 2, 2), (0, 3, 0), (0, 3, 3), (1, 1, 2),
    ]  # fmt: skip
    assert (extended.repeats, extended.items.tolist()) == (True, ["10", "20", "30", "c", "d"])


def test_without_repeats_it_stands_in_the_latest_step():
    extended = make([[1, 0, 2]], [5, 6, 7]).extend(HIERARCHY)
    assert entries(extended) == [(0, 5, 1), (0, 5, 4), (0, 6, 0), (0, 6, 3), (0, 7, 2)]
    assert not extended.repeats


def test_ages_count_items_only():
    histories = make([[1, 0, 2]], [5, 6, 7])
    assert histories.ages.tolist() == [2, 1, 0]
    assert histories.extend(HIERARCHY).ages.tolist() == [2, 2, 1, 1, 0]


def test_without_steps_a_history_is_one_step():
    extended = Histories(np.array([0, 2]), np.array([1, 0], np.int32), HIERARCHY.items, np.array([7]))
    extended = extended.extend(HIERARCHY)
    assert extended.item_indices.tolist() == [0, 1, 3, 4]
    assert (extended.steps, extended.ages.tolist()) == (None, [0] * 4)


def test_without_a_hierarchy_nothing_is_added():
    histories = make([[1, 0]], [5, 6])
    assert histories.extend(None) is histories


def test_a_hierarchy_comes_back_from_arrays():
    restored = Hierarchy.from_arrays(HIERARCHY.items, HIERARCHY.arrays())
    assert restored.ids.tolist() == HIERARCHY.ids.tolist()
    assert restored.members.toarray().tolist() == MEMBERS.toarray().tolist()
    assert restored.ancestors.tolist() == [[1, 0]]
    assert restored.replaces is False
