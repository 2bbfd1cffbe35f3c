import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recsys.errors import ParameterError
from recsys.recommenders import ALSRecommender
from tests.recommenders.problems import blocks, histories

SETTINGS = ALSRecommender(factors=5, regularization=0.3, confidence=3.0, iterations=8, seed=3)


def test_a_history_is_folded_in_by_least_squares():
    model = SETTINGS.fit(blocks())
    items = model.als.item_factors
    history = [0, 3, 4]
    confidence = np.ones(12)
    confidence[history] = 3.0
    liked = np.isin(np.arange(12), history)
    system = items.T @ (confidence[:, np.newaxis] * items) + 0.3 * np.eye(5)
    user = np.linalg.solve(system, items.T @ (confidence * liked))
    assert model.scores(histories([history], 12))[0] == pytest.approx(items @ user)


def test_contributions_sum_up_to_the_score():
    model = SETTINGS.fit(blocks())
    history = histories([[1, 7, 2]], 12)
    scores = model.scores(history)[0]
    sums = [model.contributions(history, [item]).sum() for item in range(12)]
    assert sums == pytest.approx(scores)


def test_the_library_recommends_the_same():
    train = blocks()
    model = SETTINGS.fit(train)
    with threadpool_limits(limits=1, user_api="blas"):
        ids, scores = model.als.recommend(
            np.arange(len(train)), model_matrix(train), N=2, recalculate_user=True
        )
    lists = model.recommend(train, 2)
    assert lists.item_indices.tolist() == ids.tolist()
    assert lists.scores == pytest.approx(scores)


def model_matrix(train):
    from scipy import sparse

    return sparse.csr_matrix(train.matrix)


def test_the_seed_decides():
    train = blocks()
    one, again, other = (ALSRecommender(factors=3, seed=seed).fit(train).scores(train) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("factors", 0),
        ("regularization", 0),
        ("confidence", -1.0),
        ("iterations", 0),
        ("seed", -1),
        ("seed", None),
    ],
)
def test_bad_parameters(parameter, value):
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        ALSRecommender(**{parameter: value})
