from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recsys.data import Histories
from recsys.errors import BudgetError, ParameterError
from recsys.recommenders import FALLBACK, RULE, PopularityRecommender, RuleRecommender, learned_weights
from recsys.recommenders.learned_weights import learn_weights
from recsys.recommenders.rule_index import single_consequents
from tests.recommenders.problems import blocks, deterministic, histories, problems, rules_of


def samples_of(train, half_life):
    """Return, for sets and for predictions, the recency of each item and the targets of each sample."""
    sets, predictions = [], []
    for user in range(len(train)):
        ages = {}
        sets.append((dict.fromkeys(train.of(user), 1.0), set(train.of(user))))
        for step in train.steps_of(user):
            if ages and half_life:
                recency = {item: 2 ** (-age / half_life) for item, age in ages.items()}
                predictions += [(recency, {item}) for item in step]
            ages = {item: age + len(step) for item, age in ages.items()} | dict.fromkeys(step, 0)
    return sets, predictions


def recency_of(side, recency):
    """Return the recency of the oldest like of an antecedent, 0 if one is not there."""
    return min(recency.get(item, 0.0) for item in side)


def naive_weights(train, rules, half_life, set_weight, regularization, base_penalty):
    """Learn from the definition: from all samples, in dense matrices, which also holds what one can see."""
    offsets, flat = rules.source.flatten(rules.antecedents)
    sides = [flat[start:stop].tolist() for start, stop in pairwise(offsets)]
    consequents = rules.source.last_items[rules.consequents]
    sets, predictions = samples_of(train, half_life)
    gram = right = 0
    for samples, weight in ((sets, set_weight if predictions else 1.0), (predictions, 1.0)):
        if not samples:
            continue
        x = np.array([[recency_of(side, recency) for side in sides] for recency, _ in samples])
        y = np.array([[float(item in targets) for item in range(train.n_items)] for _, targets in samples])
        # A column of ones for the base, solved for and left out.
        n = len(samples) * (1 + base_penalty)
        mean_x, mean_y = x.sum(axis=0) / n, y.sum(axis=0) / n
        gram = gram + weight * (x.T @ x - n * np.outer(mean_x, mean_x))
        right = right + weight * (x.T @ y - n * np.outer(mean_x, mean_y))
    weights = np.zeros(len(rules))
    for item in range(train.n_items):
        own = np.flatnonzero(consequents == item)
        while len(own):
            matrix = gram[np.ix_(own, own)] + regularization * np.eye(len(own))
            weights[own] = np.linalg.solve(matrix, right[own, item])
            if (weights[own] > 0).all():
                break
            weights[own] *= weights[own] > 0
            own = own[weights[own] > 0]
    taken = np.bincount(consequents, weights * mean_x, minlength=train.n_items)
    return weights, mean_y - taken


@deterministic
@given(
    problem=problems(),
    half_life=st.sampled_from([None, 1.0, 3.0]),
    regularization=st.sampled_from([0.5, 5.0]),
    set_weight=st.sampled_from([0.0, 0.3, 1.0]),
    base_penalty=st.sampled_from([0.0, 1.0]),
    together=st.integers(1, 3),
)
def test_weights_are_those_of_the_definition(
    problem, half_life, regularization, set_weight, base_penalty, together
):
    lists, _, n_items = problem
    train = histories(lists, n_items)
    train = replace(train, steps=train.steps // together)
    rules = single_consequents(rules_of(train))
    assume(len(rules))
    samples, penalties = (half_life, set_weight), (regularization, base_penalty)
    weights, base_rates = learn_weights(train, rules, *samples, 1000, *penalties)
    expected_weights, expected_rates = naive_weights(train, rules, *samples, *penalties)
    np.testing.assert_allclose(weights, expected_weights, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(base_rates, expected_rates, rtol=1e-7, atol=1e-9)
    assert (weights >= 0).all()


def test_the_best_candidates_are_learned_together():
    # Item 3 is in all sets with 2 and in half of those with 0; one candidate is left, the better one.
    train = histories([[0, 2, 3], [0, 2, 3], [0, 1], [0, 1], [1], [4]], 5, times=False)
    rules = single_consequents(rules_of(train, max_len=2))
    weights, _ = learn_weights(train, rules, None, 1.0, 1, regularization=1.0, base_penalty=0.0)
    to_3 = rules.source.last_items[rules.consequents] == 3
    antecedents = rules.source.last_items[rules.antecedents[to_3 & (weights > 0)]]
    assert antecedents.tolist() == [2]


def learned(train, **parameters):
    return RuleRecommender(weight="learned", **parameters).fit(train, rules_of(train, max_len=2))


def test_a_score_is_the_base_rate_and_the_rules_that_fire():
    train = blocks()
    model = learned(train, regularization=1.0)
    history = train[:1]
    lists = model.recommend(history, 12, exclude=Histories.empty(history.users, history.items))
    scores = dict(zip(lists.item_indices[0].tolist(), lists.scores[0].tolist(), strict=True))
    by_rules = model.scores(history)[0]
    for item, source in zip(lists.item_indices[0].tolist(), lists.sources[0].tolist(), strict=True):
        assert source == (RULE if by_rules[item] else FALLBACK)
        if source == RULE:
            assert scores[item] == by_rules[item] + model.base_rates[item]


def test_reasons_add_up_to_the_scores_to_the_last_digit():
    generator = np.random.default_rng(3)
    train = histories([generator.permutation(30)[:12].tolist() for _ in range(60)], 30)
    model = learned(train, regularization=1.0)
    queries = histories([generator.permutation(30)[:20].tolist() for _ in range(20)], 30)
    for user in range(len(queries)):
        history = queries[user : user + 1]
        scores, _ = model.scores_and_reasons(history, list(range(30)), 2)
        assert scores == model.scores(history)[0].tolist()
        assert any(scores)


def test_the_share_of_popularity_is_that_of_the_base_rate():
    train = blocks()
    model = learned(train, regularization=10.0)
    items = np.flatnonzero(model.scores(train[:1])[0])
    shares = []
    for item, reasons in zip(items, model.explain(train[:1], items.tolist()), strict=True):
        assert sum(reason.share for reason in reasons) == pytest.approx(1.0)
        assert [reason.share for reason in reasons] == sorted((r.share for r in reasons), reverse=True)
        base_rate, by_rules = max(model.base_rates[item], 0.0), model.scores(train[:1])[0, item]
        of_popularity = [reason for reason in reasons if not reason.antecedents]
        expected = [base_rate / (base_rate + by_rules)] if base_rate else []
        assert [reason.share for reason in of_popularity] == pytest.approx(expected)
        assert all(reason.support_count == model.popularity.counts[item] for reason in of_popularity)
        shares += [reason.share for reason in of_popularity]
    assert shares


def test_without_a_signal_rules_rank_as_popularity():
    generator = np.random.default_rng(7)
    share = np.linspace(0.3, 0.02, 20)
    lists = [np.flatnonzero(generator.random(20) < share).tolist() for _ in range(2000)]
    train = histories(lists, 20, times=False)
    queries = histories([[3], [10, 12], [0, 19]], 20, times=False)
    expected = PopularityRecommender().fit(train).recommend(queries, 5)
    for regularization, base_penalty in ((1.0, 0.0), (300.0, 0.0), (300.0, 1.0)):
        model = learned(train, regularization=regularization, base_penalty=base_penalty)
        found = model.recommend(queries, 5)
        common = [
            len(np.intersect1d(*rows)) for rows in zip(found.item_indices, expected.item_indices, strict=True)
        ]
        assert min(common) >= 4


def test_nobody_without_a_rule_is_left_without_a_list():
    train = blocks()
    model = learned(train)
    nobody = histories([[]], 12)
    lists = model.recommend(nobody, 3)
    expected = PopularityRecommender().fit(train).recommend(nobody, 3)
    assert lists.item_indices.tolist() == expected.item_indices.tolist()
    assert lists.sources.tolist() == [[FALLBACK] * 3]


def test_nothing_to_recommend():
    nobody = histories([], 0)
    model = learned(nobody)
    assert len(model.recommend(nobody, 3)) == 0
    assert learned(histories([[]], 0)).recommend(histories([[]], 0), 3).item_indices.tolist() == [[-1] * 3]


@pytest.mark.parametrize(
    ("parameters", "key"), [({"alpha": 0.5}, "alpha"), ({"weight": "lift", "set_weight": 2.0}, "set_weight")]
)
def test_settings_without_effect_are_named(parameters, key, caplog):
    train = blocks()
    RuleRecommender(**parameters).fit(train, rules_of(train, max_len=2))
    (message,) = caplog.messages
    assert message.startswith(f"recommender.{key} has no effect with weight=")


def test_too_many_products_are_refused(monkeypatch):
    train = blocks()
    monkeypatch.setattr(learned_weights, "MAX_PRODUCTS", 100)
    with pytest.raises(BudgetError, match=r"products .* Set apriori\.min_count="):
        learned(train)
    monkeypatch.setattr(learned_weights, "MAX_OCCURRENCES", 100)
    with pytest.raises(BudgetError, match=r"occur .* times in the histories"):
        learned(train)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("regularization", 0),
        ("set_weight", -0.1),
        ("n_candidates", 0),
        ("base_penalty", -1),
        ("weight", "learnt"),
    ],
)
def test_values_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        RuleRecommender(**{"weight": "learned", name: value})


def test_longer_antecedents_are_used_on_request():
    train = histories([[0, 1, 2], [0, 1, 2], [0, 3], [1, 3], [2]], 4, times=False)
    rules = rules_of(train, max_len=3)
    for longest, expected in ((1, {1}), (2, {1, 2}), (None, {1, 2})):
        settings = RuleRecommender(regularization=0.1, base_penalty=0.0, max_antecedent_len=longest)
        model = settings.fit(train, rules)
        offsets, _ = model.rules.source.flatten(model.rules.antecedents)
        assert set(np.diff(offsets).tolist()) == expected
