"""Scores divided by a power of the popularity, against a naive list."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ParameterError
from recsys.recommenders import FALLBACK, MODEL, RuleRecommender
from recsys.recommenders.model import ScoringModel
from recsys.recommenders.popularity_penalty import PenalizedModel
from tests.recommenders.problems import ALL, blocks, deterministic, histories, problems, rules_of
from tests.recommenders.test_contract import everybody, fitted, same


@deterministic
@given(problem=problems(), penalty=st.floats(-1, 1))
def test_a_list_is_sorted_by_the_divided_scores(problem, penalty):
    train_lists, lists, n_items = problem
    train, asked = histories(train_lists, n_items), histories(lists, n_items)
    for name in ("item_knn", "ease", "up_cf"):
        model = fitted(ALL[name], train)
        assert isinstance(model, ScoringModel)
        scores = model.scores(asked) / (np.maximum(model.popularity.counts, 1) / train.n_users) ** penalty
        lists = PenalizedModel.of(model, penalty).recommend(asked, train.n_items)
        for user, row in enumerate(scores):
            seen = set(asked.of(user).tolist())
            best = [item for item in np.argsort(-row, kind="stable") if row[item] > 0 and item not in seen]
            listed = lists.item_indices[user][lists.sources[user] == MODEL]
            np.testing.assert_allclose(row[listed], row[best], rtol=1e-12)
            assert set(listed) == set(best)


@everybody
def test_none_changes_nothing(recommender):
    train = blocks()
    model = fitted(recommender, train)
    assert same(PenalizedModel.of(model, 0).recommend(train, 5), model.recommend(train, 5))


@everybody
def test_the_more_the_less_popular(recommender):
    train = blocks()
    model = fitted(recommender, train)
    means = []
    for penalty in (-1, 0, 1):
        lists = PenalizedModel.of(model, penalty).recommend(train, 3)
        of_model = lists.sources != FALLBACK
        means.append(model.popularity.counts[lists.item_indices[of_model]].sum() / max(of_model.sum(), 1))
        reasons = PenalizedModel.of(model, penalty).explain(train[:1], lists.item_indices[0].tolist())
        assert reasons == model.explain(train[:1], lists.item_indices[0].tolist())
    assert means == sorted(means, reverse=True)


def test_at_one_confidence_is_lift():
    train = blocks()
    rules = rules_of(train)
    by_confidence, by_lift = (
        RuleRecommender(weight=weight, aggregation="max", half_life=None).fit(train, rules)
        for weight in ("confidence", "lift")
    )
    asked = histories([[0], [3], [7]], train.n_items)
    penalized = PenalizedModel.of(by_confidence, 1.0).recommend(asked, 5)
    lifts = by_lift.recommend(asked, 5)
    np.testing.assert_array_equal(penalized.item_indices, lifts.item_indices)
    of_rules = lifts.sources != FALLBACK
    assert of_rules.any()
    np.testing.assert_allclose(penalized.scores[of_rules], lifts.scores[of_rules])


@pytest.mark.parametrize("penalty", [1.5, -1.01, float("nan"), True, "0.5", None])
def test_what_is_no_penalty(penalty):
    with pytest.raises(ParameterError, match="popularity_penalty must be a number from -1 to 1"):
        PenalizedModel.of(fitted(ALL["ease"], blocks()), penalty)
