import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BudgetError, ParameterError
from recsys.recommenders import EASERecommender, HybridRecommender, RuleRecommender
from recsys.recommenders import ease as ease_module
from tests.recommenders.problems import blocks, deterministic, histories, problems, rules_of

RECTOOLS = json.loads(Path(__file__).with_name("rectools_ease.json").read_text())


def naive_weights(train, regularization):
    """Return B as in the paper's listing."""
    matrix = train.matrix.toarray()
    inverse = np.linalg.inv(matrix.T @ matrix + regularization * np.eye(train.n_items))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


@deterministic
@given(
    problem=problems(),
    regularization=st.sampled_from([0.1, 1.0, 50.0]),
    alpha=st.sampled_from([0.0, 0.5, -1.0]),
    half_life=st.sampled_from([None, 2.0]),
)
def test_scores_and_contributions_are_those_of_the_paper(problem, regularization, alpha, half_life):
    train, queries, n_items = problem
    train, asked = histories(train, n_items), histories(queries, n_items)
    model = EASERecommender(regularization, alpha, half_life).fit(train)
    popularity = np.maximum(train.matrix.toarray().sum(axis=0), 1)
    weights = naive_weights(train, regularization) * popularity**-alpha
    scores = model.scores(asked)
    for user, query in enumerate(queries):
        ages = np.arange(len(query))[::-1]
        recency = np.ones(len(query)) if half_life is None else 0.5 ** (ages / half_life)
        contributions = model.contributions(asked[user : user + 1], range(n_items))
        for item in range(n_items):
            assert contributions[item] == pytest.approx(recency * weights[query, item], abs=1e-9)
            assert scores[user, item] == pytest.approx(contributions[item].sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("form", "kind"), [("primal", ease_module.PrimalEASE), ("dual", ease_module.DualEASE)]
)
def test_equals_rectools_but_for_its_transposition(form, kind):
    """RecTools' `weight` is our B, but it recommends by x B', the rows of B, where the paper has x B.

    `rectools_ease.py` computes the values. RecTools' scores are in single precision.
    """
    problem = RECTOOLS["problems"][form]
    n_items, expected = problem["n_items"], np.array(problem["weight"])
    train = histories(problem["likes"], n_items)
    model = EASERecommender(RECTOOLS["regularization"]).fit(train)
    assert type(model) is kind
    b = model.entries(np.arange(n_items, dtype=np.int32), range(n_items)).T
    x = train.matrix.toarray()
    np.testing.assert_allclose(b, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.scores(train), x @ expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(x @ b.T, problem["scores"], rtol=0, atol=1e-5)
    assert np.abs(x @ b - x @ b.T).max() > 0.1


def test_likes_of_data_without_times_do_not_age():
    train = histories([[0, 1, 2], [1, 2], [0, 1]], 3, times=False)
    scores = [EASERecommender(1.0, half_life=one).fit(train).scores(train) for one in (None, 2.0)]
    assert (scores[0] == scores[1]).all()


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


@pytest.mark.parametrize("name", ["regularization", "half_life"])
@pytest.mark.parametrize("value", [0, -1.0, float("inf"), "much"])
def test_bad_parameters(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be a"):
        EASERecommender(**{name: value})


def test_bad_exponent():
    with pytest.raises(ParameterError, match="alpha must be a finite number"):
        EASERecommender(alpha=float("nan"))


def test_no_solution_in_floating_point():
    train = histories([[0, 1], [0, 1], [0, 1]], 3)
    with pytest.raises(
        ParameterError, match=r"regularization must be large enough .* Got 1e-300\."
    ) as refused:
        EASERecommender(1e-300).fit(train)
    enough = float(re.search(r"(\S+) is surely enough\.$", str(refused.value))[1])
    assert enough < 1e-10
    assert EASERecommender(enough).fit(train)
    with pytest.raises(ParameterError, match=r"^model\.regularization must be large enough"):
        HybridRecommender(RuleRecommender(), EASERecommender(1e-300)).fit(train, rules_of(train))


@pytest.mark.parametrize("n_users", [3, 40, 300])
def test_what_is_surely_enough_is_for_likes_of_one_pattern(n_users):
    train = histories([list(range(40))] * n_users, 40)
    with pytest.raises(ParameterError, match="is surely enough") as refused:
        EASERecommender(1e-300).fit(train)
    assert EASERecommender(float(re.search(r"(\S+) is surely", str(refused.value))[1])).fit(train)
