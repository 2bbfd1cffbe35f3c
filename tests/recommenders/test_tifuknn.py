import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ParameterError
from recsys.recommenders import Reason, TIFUKNNRecommender
from tests.recommenders.baskets import nearest, orders, others, shops
from tests.recommenders.problems import deterministic


def profile(rows, n_items, settings):
    """Return the vector of a customer, group by group, as the authors' code makes it."""
    n, m = len(rows), settings.n_groups
    sizes = [n // m] * (m - n % m) + [n // m + 1] * (n % m) if n >= m else [1] * n
    vector, number = np.zeros(n_items), 0
    for group, size in enumerate(sizes):
        mean = np.zeros(n_items)
        for order in rows[number : number + size]:
            mean[order] += settings.within_decay ** (n - 1 - number) / size
            number += 1
        vector += settings.group_decay ** (m - 1 - group) * mean / len(sizes)
    assert number == n
    return vector


def naive_scores(history, train, n_items, settings):
    def of(rows):
        return profile(rows, n_items, settings)

    own = of(history)
    if not own.any():
        return own
    chosen = nearest(
        lambda user: -(np.linalg.norm(own - of(train[user])) ** 2),
        settings.n_neighbours,
        others(history, train),
    )
    if not chosen:
        return settings.own_share * own
    mean = sum(of(train[user]) for user in chosen) / len(chosen)
    return settings.own_share * own + (1 - settings.own_share) * mean


SETTINGS = st.builds(
    TIFUKNNRecommender,
    n_groups=st.integers(1, 4),
    within_decay=st.sampled_from([0.5, 1.0]),
    group_decay=st.sampled_from([0.75, 1.0]),
    own_share=st.sampled_from([0.0, 0.25, 1.0]),
    n_neighbours=st.integers(1, 4),
)


@deterministic
@given(shop=shops(), settings=SETTINGS)
def test_scores_are_those_of_the_definition(shop, settings):
    customers, asked, n_items = shop
    model = settings.fit(orders(customers, n_items))
    expected = [naive_scores(rows, customers, n_items, settings) for rows in asked]
    assert model.scores(orders(asked, n_items)) == pytest.approx(np.array(expected))


def test_orders_are_grouped_from_the_earliest():
    settings = TIFUKNNRecommender(n_groups=2, within_decay=1.0, group_decay=0.5)
    profiles = settings.fit(orders([[[0], [1], [2], [2, 3], [2]]], 4)).train_profiles
    # The first group has two orders, the second three.
    assert profiles.toarray() == pytest.approx(np.array([[0.125, 0.125, 0.5, 1 / 6]]))


def test_few_orders_are_the_earliest_groups():
    settings = TIFUKNNRecommender(n_groups=4, within_decay=1.0, group_decay=0.5)
    profiles = settings.fit(orders([[[0], [1]]], 2)).train_profiles
    assert profiles.toarray().tolist() == [[0.5**3 / 2, 0.5**2 / 2]]


def test_reasons_are_own_items_and_those_in_common():
    # The neighbours of the first customer: one with item 0 in common, one with nothing in common.
    train = [[[0], [0]], [[0, 1]], [[2]]]
    settings = TIFUKNNRecommender(1, 1.0, 1.0, own_share=0.5, n_neighbours=2)
    model = settings.fit(orders(train, 3))
    reasons = model.explain(orders(train[:1], 3), [0, 1, 2])
    assert reasons == [
        [Reason((0,), 1, None, None, 1.0, 2)],
        [Reason((0,), 1, 0.5, 1.5, 1.0, 2)],
        [Reason((), 1, None, None, 1.0)],
    ]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_groups", 0),
        ("within_decay", 0),
        ("group_decay", 1.1),
        ("own_share", -0.1),
        ("own_share", float("nan")),
        ("n_neighbours", None),
    ],
)
def test_bad_parameters(parameter, value):
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        TIFUKNNRecommender(**{parameter: value})
