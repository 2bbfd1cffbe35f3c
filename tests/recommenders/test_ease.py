import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BudgetError, ParameterError
from recsys.recommenders import EASERecommender
from recsys.recommenders import ease as ease_module
from tests.recommenders.problems import blocks, deterministic, histories, problems


def naive_weights(train, regularization):
    """Return B as in the paper's listing."""
    matrix = train.matrix.toarray()
    inverse = np.linalg.inv(matrix.T @ matrix + regularization * np.eye(train.n_items))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


@deterministic
@given(problem=problems(), regularization=st.sampled_from([0.1, 1.0, 50.0]))
def test_scores_and_contributions_are_those_of_the_paper(problem, regularization):
    train, queries, n_items = problem
    train, asked = histories(train, n_items), histories(queries, n_items)
    model = EASERecommender(regularization).fit(train)
    weights = naive_weights(train, regularization)
    assert model.scores(asked) == pytest.approx(asked.matrix.toarray() @ weights, abs=1e-9)
    for query in queries:
        for item in range(n_items):
            contributions = model.contributions(np.array(query, dtype=np.int32), [item])[0]
            assert contributions == pytest.approx(weights[query, item], abs=1e-9)


@pytest.mark.parametrize(("n_users", "kind"), [(3, ease_module.DualEASE), (40, ease_module.PrimalEASE)])
def test_the_smaller_matrix_is_inverted(n_users, kind):
    rng = np.random.default_rng(1)
    train = histories([rng.permutation(12)[:5].tolist() for _ in range(n_users)], 12)
    model = EASERecommender(3.0).fit(train)
    assert type(model) is kind
    assert model.scores(train) == pytest.approx(train.matrix.toarray() @ naive_weights(train, 3.0))


def test_too_large(monkeypatch):
    monkeypatch.setattr(ease_module, "MAX_SIZE", 11)
    with pytest.raises(BudgetError, match=r"matrix of 12 rows.*11 are the most.*min_movie_ratings"):
        EASERecommender().fit(blocks())


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), "much"])
def test_bad_parameters(value):
    with pytest.raises(ParameterError, match="regularization must be a"):
        EASERecommender(value)


def test_no_solution_in_floating_point():
    with pytest.raises(ParameterError, match=r"regularization must be large enough .* Got 1e-300. Raise it."):
        EASERecommender(1e-300).fit(histories([[0, 1], [0, 1], [0, 1]], 3))
