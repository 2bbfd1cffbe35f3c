import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ParameterError
from recsys.recommenders import Reason, UPCFRecommender
from tests.recommenders.baskets import nearest, orders, others, shops
from tests.recommenders.problems import deterministic


def profile(rows, n_items, recency):
    """Return the share of the last orders that contain each item."""
    last = rows if recency is None else rows[-recency:]
    return np.array([sum(item in order for order in last) / max(len(last), 1) for item in range(n_items)])


def items_of(rows):
    return {item for order in rows for item in order}


def naive_scores(history, train, n_items, settings):
    def similarity(user):
        own, other = items_of(history), items_of(train[user])
        if not own & other:
            return 0.0
        return len(own & other) / (len(own) ** settings.asymmetry * len(other) ** (1 - settings.asymmetry))

    candidates = [user for user in others(history, train) if similarity(user) > 0]
    n = len(train) if settings.n_neighbours is None else settings.n_neighbours
    scores = profile(history, n_items, settings.recency)
    for user in nearest(similarity, n, candidates):
        scores += similarity(user) ** settings.locality * profile(train[user], n_items, settings.recency)
    return scores


SETTINGS = st.builds(
    UPCFRecommender,
    recency=st.sampled_from([None, 1, 3]),
    locality=st.sampled_from([0.5, 1.0, 10.0]),
    asymmetry=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    n_neighbours=st.sampled_from([None, 1, 3]),
)


@deterministic
@given(shop=shops(), settings=SETTINGS)
def test_scores_are_those_of_the_definition(shop, settings):
    customers, asked, n_items = shop
    model = settings.fit(orders(customers, n_items))
    expected = [naive_scores(rows, customers, n_items, settings) for rows in asked]
    assert model.scores(orders(asked, n_items)) == pytest.approx(np.array(expected))


def test_reasons_are_own_items_and_those_in_common():
    train = [[[0], [0, 1]], [[0, 2]], [[0, 1, 2]], [[3]]]
    model = UPCFRecommender(None, 1.0, 0.5).fit(orders(train, 4))
    reasons = model.explain(orders(train[:1], 4), [2, 0, 3])
    first, second = 1 / np.sqrt(2 * 2), 2 / np.sqrt(2 * 3)
    shares = [(first + second / 2) / (first + second), second / 2 / (first + second)]
    assert reasons[0] == [
        Reason((0,), 2, pytest.approx(2 / 3), pytest.approx(4 / 3), pytest.approx(shares[0]), 2),
        Reason((1,), 1, 0.5, 1.0, pytest.approx(shares[1]), 1),
    ]
    assert reasons[1][0].antecedents == (0,)
    assert reasons[1][0].times == 2
    assert reasons[2] == [Reason((), 1, None, None, 1.0)]


def test_portions_of_neighbours_change_nothing(monkeypatch):
    rng = np.random.default_rng(4)
    train = orders([[rng.permutation(9)[:3].tolist() for _ in range(4)] for _ in range(25)], 9)
    model = UPCFRecommender(n_neighbours=3).fit(train)
    whole = model.scores(train)
    monkeypatch.setattr("recsys.recommenders.user_based.SCORES_AT_ONCE", 60)
    assert np.array_equal(model.scores(train), whole)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("recency", 0), ("locality", 0), ("asymmetry", 1.5), ("asymmetry", True), ("n_neighbours", 0)],
)
def test_bad_parameters(parameter, value):
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        UPCFRecommender(**{parameter: value})
