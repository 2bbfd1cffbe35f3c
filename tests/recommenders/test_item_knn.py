import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ParameterError
from recsys.recommenders import ItemKNNRecommender
from tests.recommenders.problems import deterministic, histories, problems


def naive_neighbours(train, n_items, n_neighbours, shrinkage):
    """Return {item: {neighbour: similarity}}."""
    users = [{user for user, row in enumerate(train) if item in row} for item in range(n_items)]
    found = {}
    for item in range(n_items):
        similar = {
            other: len(users[item] & users[other])
            / (math.sqrt(len(users[item]) * len(users[other])) + shrinkage)
            for other in range(n_items)
            if other != item and users[item] & users[other]
        }
        nearest = sorted(similar, key=lambda other: (-similar[other], other))[:n_neighbours]
        found[item] = {other: similar[other] for other in nearest}
    return found


@deterministic
@given(problem=problems(), n_neighbours=st.integers(1, 4), shrinkage=st.sampled_from([0, 0.5, 10.0]))
def test_scores_are_those_of_the_definition(problem, n_neighbours, shrinkage):
    train, queries, n_items = problem
    model = ItemKNNRecommender(n_neighbours, shrinkage).fit(histories(train, n_items))
    neighbours = naive_neighbours(train, n_items, n_neighbours, shrinkage)
    expected = [
        [sum(neighbours[like].get(item, 0) for like in query) for item in range(n_items)] for query in queries
    ]
    assert model.scores(histories(queries, n_items)) == pytest.approx(np.array(expected))


def test_reasons_are_the_similar_likes():
    model = ItemKNNRecommender(n_neighbours=9, shrinkage=0).fit(histories([[0, 1], [0, 1], [0, 2], [3]], 4))
    reasons = model.explain(histories([[3, 1, 2]], 4), [0])[0]
    weights = [2 / math.sqrt(3 * 2), 1 / math.sqrt(3)]
    assert [reason.antecedents for reason in reasons] == [(1,), (2,)]
    assert [reason.share for reason in reasons] == pytest.approx(
        [weight / sum(weights) for weight in weights]
    )
    assert [(r.support_count, r.confidence, r.lift) for r in reasons] == [(2, 1.0, 4 / 3), (1, 1.0, 4 / 3)]


@pytest.mark.parametrize(
    ("parameter", "value"), [("n_neighbours", 0), ("n_neighbours", 1.5), ("shrinkage", -1)]
)
def test_bad_parameters(parameter, value):
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        ItemKNNRecommender(**{parameter: value})
