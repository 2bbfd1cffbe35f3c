"""Ages of likes, and the steps that they stand in."""

import numpy as np

from recsys.data.histories import Histories

ITEMS = np.array(["a", "b", "c", "d"])
USERS = np.array([1, 2, 3])


def make(likes, times):
    """Make histories from (user, item) pairs and their times."""
    user_id, item_id = map(np.array, zip(*likes, strict=True))
    return Histories.from_pairs(user_id, item_id, times, USERS, ITEMS)


def test_likes_of_one_moment_are_of_one_age():
    likes = [(1, "d"), (1, "c"), (1, "b"), (1, "a"), (3, "b"), (3, "a")]
    histories = make(likes, np.array([5, 9, 9, 7, 9, 9]))
    assert histories.item_indices.tolist() == [3, 0, 1, 2, 0, 1]
    assert histories.ages.tolist() == [3, 2, 0, 0, 0, 0]
    assert histories.step_ages.tolist() == [2, 1, 0, 0, 0, 0]
    assert histories.n_steps.tolist() == [3, 0, 1]


def test_a_moment_ends_with_its_user():
    histories = make([(1, "a"), (2, "b"), (2, "a")], np.array([4, 4, 4]))
    assert histories.ages.tolist() == [0, 0, 0]


def test_ages_count_later_steps_entry_by_entry():
    generator = np.random.default_rng(1)
    steps = np.sort(generator.integers(0, 6, (3, 9)), axis=1)
    items = np.arange(9, dtype=np.int32) % 4
    histories = Histories(np.arange(4) * 9, np.tile(items, 3), ITEMS, USERS, steps.ravel(), repeats=True)
    expected = [[int((row > step).sum()) for step in row] for row in steps]
    assert histories.ages.reshape(3, 9).tolist() == expected


def test_without_times_a_history_is_one_step():
    histories = make([(1, "a"), (1, "b"), (3, "c")], None)
    assert histories.ages.tolist() == histories.step_ages.tolist() == [0, 0, 0]
    assert histories.n_steps.tolist() == [1, 0, 1]
    assert [len(histories.steps_of(user)) for user in range(3)] == [1, 0, 1]


def test_nobody_has_no_ages():
    nobody = Histories(np.zeros(1, np.int64), np.empty(0, np.int32), ITEMS, USERS[:0])
    assert nobody.ages.tolist() == nobody.step_ages.tolist() == nobody.n_steps.tolist() == []


def test_entries_that_another_history_of_the_user_lacks():
    likes = [(1, "d"), (1, "c"), (2, "b"), (3, "a"), (3, "b")]
    histories = make(likes, np.array([5, 9, 9, 7, 9]))
    others = make([(1, "c"), (2, "a"), (3, "b")], None)
    rest = histories.without(others)
    assert [rest.of(user).tolist() for user in range(3)] == [[3], [1], [0]]
    assert rest.steps.tolist() == [5, 9, 7]
    assert histories.without(Histories.empty(USERS, ITEMS)).item_indices.tolist() == [3, 2, 1, 0, 1]
    assert Histories.empty(USERS, ITEMS).lengths.tolist() == [0, 0, 0]
