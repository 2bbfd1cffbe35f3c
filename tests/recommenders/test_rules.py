import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ParameterError
from recsys.recommenders import FALLBACK, RULE, Reason, RuleRecommender
from recsys.recommenders.rule_weights import WEIGHTS
from recsys.recommenders.rules import AGGREGATIONS
from recsys.rules import METRICS
from tests.recommenders import naive
from tests.recommenders.problems import deterministic, histories, problems, rules_of

settings = st.builds(
    RuleRecommender,
    weight=st.sampled_from([*naive.MEASURES, "damped_lift"]),
    damping=st.sampled_from([0.0, 0.5, 3.0]),
    alpha=st.sampled_from([0.0, 0.5, 1.0]),
    aggregation=st.sampled_from(AGGREGATIONS),
    top_m=st.integers(1, 4),
    half_life=st.sampled_from([None, 0.5, 2.0]),
)

# Liked together: 0 and 1 by all who like 0, of whom half like 2; 3 goes with 0 and 1 together.
LISTS = [[0, 1, 2], [0, 1, 3], [1, 0, 3], [0, 1, 2], [1], [2], [4], [1, 4]]
TRAIN = histories(LISTS, 5)


def model_of(train=TRAIN, max_len=3, weight="jaccard", **parameters):
    return RuleRecommender(weight=weight, **parameters).fit(train, rules_of(train, max_len=max_len))


@deterministic
@given(problem=problems(), settings=settings, max_len=st.integers(1, 4), count=st.integers(1, 3))
def test_scores_lists_and_reasons_are_those_of_the_definition(problem, settings, max_len, count):
    train, queries, n_items = problem
    min_support = min(1.0, count / len(train))
    model = settings.fit(histories(train, n_items), rules_of(histories(train, n_items), min_support, max_len))
    rules = naive.weighted_rules(train, min_support, max_len, settings)
    if settings.aggregation == "noisy_or":
        rules = naive.as_evidence(rules, len(train))

    scores = model.scores(histories(queries, n_items))
    lists = model.recommend(histories(queries, n_items), n_items)
    for user, history in enumerate(queries):
        for item in range(n_items):
            expected = naive.contributions(history, item, rules, settings)
            assert scores[user, item] == pytest.approx(naive.score(expected.values(), settings))
            reasons = model.explain(histories([history], n_items), [item])[0]
            if not expected:
                assert [reason.antecedents for reason in reasons] == [()]
                continue
            assert {reason.antecedents for reason in reasons} == set(expected)
            divisor = settings.top_m if settings.aggregation == "mean_top_m" else 1
            counted = 0
            for reason in reasons:
                if reason.share:
                    value = reason.share * scores[user, item] * divisor
                    assert value == pytest.approx(expected[reason.antecedents])
                    counted += 1
            assert counted == min(len(expected), model.m or len(expected))
        fired = [item for item in range(n_items) if scores[user, item] > 0 and item not in history]
        by_rules = lists.item_indices[user, lists.sources[user] == RULE].tolist()
        assert by_rules == sorted(fired, key=lambda item: (-scores[user, item], item))
        assert lists.scores[user, : len(by_rules)].tolist() == scores[user, by_rules].tolist()


def slowly_explained(model, history, items, n_reasons):
    """Explain by the definition, an item and a rule at a time; sums and orders are NumPy's."""
    ages, n = np.arange(len(history))[::-1], model.half_life
    recency = np.ones(len(history)) if n is None else np.exp2(-ages / n)
    liked = dict(zip(history, recency.tolist(), strict=True))
    source, rules = model.rules.source, model.rules
    starts, flat = source.flatten(rules.antecedents)
    sides = [tuple(flat[start:stop].tolist()) for start, stop in pairwise(starts.tolist())]
    consequents = source.last_items[rules.consequents].tolist()
    measures = rules.measures(["confidence", "lift"])
    explained = []
    for item in items:
        fires = [
            rule
            for rule, (side, consequent) in enumerate(zip(sides, consequents, strict=True))
            if consequent == item and set(side) <= set(liked)
        ]
        recency = np.array([min(liked[like] for like in sides[rule]) for rule in fires])
        contributions = recency * model.weights[fires]
        order = np.argsort(-contributions, kind="stable")
        fires, contributions = np.array(fires, dtype=int)[order], contributions[order]
        if model.m:
            contributions[model.m :] = 0.0
        total = contributions.sum()
        reasons = [
            Reason(
                sides[rule], rules.support_counts[rule].item(), measures["confidence"][rule].item(),
                measures["lift"][rule].item(), (contribution / total).item(),
            )
            for rule, contribution in zip(fires[:n_reasons], contributions[:n_reasons], strict=True)
        ]  # fmt: skip
        explained.append(reasons if total else [model.popularity.reason(item)])
    return explained


def assert_same(fast, slow):
    """Equal to the last digit but for the shares, whose sum is added up in another order."""
    assert [[replace(reason, share=0) for reason in reasons] for reasons in fast] == [
        [replace(reason, share=0) for reason in reasons] for reasons in slow
    ]
    shares = [[reason.share for reasons in side for reason in reasons] for side in (fast, slow)]
    np.testing.assert_allclose(*shares, rtol=1e-12, atol=0)
    assert not np.signbit(shares[0]).any()


@deterministic
@given(
    problem=problems(), settings=settings, max_len=st.integers(1, 4), n_reasons=st.sampled_from([1, 3, None])
)
def test_reasons_are_those_of_the_definition(problem, settings, max_len, n_reasons):
    train, queries, n_items = problem
    train = histories(train, n_items)
    model = settings.fit(train, rules_of(train, max_len=max_len))
    items = list(range(n_items))
    for history in queries:
        fast = model.explain(histories([history], n_items), items, n_reasons)
        assert_same(fast, slowly_explained(model, history, items, n_reasons))


def test_likes_of_one_moment_count_alike():
    model = model_of(half_life=1.0)
    one_step = [replace(histories([row], 5), steps=np.zeros(2, int)) for row in ([1, 4], [4, 1])]
    first, second = (model.scores(one) for one in one_step)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, replace(model, half_life=None).scores(one_step[0]))
    of_both = [model.explain(one, [0]) for one in one_step]
    assert of_both[0] == of_both[1]


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("n_reasons", [1, 3, None])
def test_the_strongest_of_many_reasons(aggregation, n_reasons):
    rng = np.random.default_rng(5)
    train = histories([rng.permutation(60)[:40].tolist() for _ in range(9)], 60)
    model = RuleRecommender(weight="confidence", aggregation=aggregation).fit(
        train, rules_of(train, max_len=2)
    )
    likes, items = rng.permutation(60)[:50].tolist(), [3, 5, 59]
    history = histories([likes], 60)
    fast = model.explain(history, items, n_reasons)
    assert_same(fast, slowly_explained(model, likes, items, n_reasons))
    assert model.explain(history, [5, 3, 5], n_reasons) == [fast[1], fast[0], fast[1]]
    assert len(model.explain(history, [3])[0]) > 8 * 3


def test_contributions_of_longer_antecedents_are_added_up_as_in_the_scores():
    rng = np.random.default_rng(8)
    train = histories([rng.permutation(9)[:6].tolist() for _ in range(30)], 9)
    model = model_of(train, max_len=5, weight="confidence", aggregation="sum", half_life=1.7)
    queries = histories([rng.permutation(9)[:7].tolist() for _ in range(20)], 9)
    for user in range(len(queries)):
        history = queries[user : user + 1]
        totals, reasons = model.scores_and_reasons(history, list(range(9)), None)
        assert totals == model.scores(history)[0].tolist()
        assert max(map(len, reasons)) > 40


def test_an_item_that_there_is_not_has_no_reason():
    model = model_of()
    history = histories([[0]], 5)
    assert model.explain(history, [-1, 2])[1:] == model.explain(history, [2])
    with pytest.raises(IndexError):
        model.explain(history, [5])


def test_a_reason_with_another_share_is_otherwise_the_same():
    reason = Reason((1, 2), 3, 0.5, 1.5, 0.25, times=2, category=7, text="why")
    assert reason.with_share(0.125) == replace(reason, share=0.125)


def test_likes_too_old_to_count_are_no_reason():
    train = histories([[0, 1], [0, 1], [2], *([item] for item in range(3, 40))], 40)
    model = RuleRecommender(weight="jaccard", half_life=0.01).fit(train, rules_of(train))
    history = histories([[0, *range(2, 40)]], 40)
    assert model.explain(history, [1], 3) == [[Reason((), 2, None, None, 1.0)]]


def test_longer_antecedents_fire_when_all_of_them_is_liked():
    model = model_of(weight="confidence", alpha=0, aggregation="max", half_life=None)
    likes = histories([[0], [1], [0, 1]], 5)
    assert model.scores(likes)[:, 3].tolist() == [2 / 4, 2 / 6, 2 / 4]
    reasons = model.explain(likes[2:], [3])[0]
    assert [(r.antecedents, r.support_count, r.confidence, r.lift, r.share) for r in reasons] == [
        ((0,), 2, 0.5, 2.0, 1.0),
        ((0, 1), 2, 0.5, 2.0, 0.0),
        ((1,), 2, 2 / 6, 8 * 2 / (6 * 2), 0.0),
    ]


def test_noisy_or_is_the_probability_that_some_rule_holds():
    model = model_of(max_len=2, weight="confidence", alpha=0, aggregation="noisy_or", half_life=None)
    score = model.scores(histories([[0, 1]], 5))[0, 2]
    assert 1 - math.exp(-score) == pytest.approx(1 - (1 - 2 / 4) * (1 - 2 / 6))
    # A rule that never failed in 8 transactions may still fail.
    assert 1 - math.exp(-model.scores(histories([[0]], 5))[0, 1]) == pytest.approx(8 / 9)


def test_recent_likes_count_more():
    model = model_of(max_len=2, weight="confidence", alpha=0, aggregation="sum", half_life=1.0)
    assert model.scores(histories([[0, 1]], 5))[0, 2] == pytest.approx(2 / 4 / 2 + 2 / 6)
    assert model.scores(histories([[1, 0]], 5))[0, 2] == pytest.approx(2 / 4 + 2 / 6 / 2)


def test_without_times_all_likes_count_alike():
    train = histories(LISTS, 5, times=False)
    model = model_of(train, max_len=2, weight="confidence", alpha=0, aggregation="sum", half_life=1.0)
    assert model.scores(histories([[0, 1]], 5))[0, 2] == pytest.approx(2 / 4 + 2 / 6)


def test_popularity_fills_what_no_rule_serves():
    model = model_of(max_len=2, weight="leverage")
    lists = model.recommend(histories([[3]], 5), 4)
    assert lists.item_indices.tolist() == [[0, 1, 2, 4]]
    assert lists.sources.tolist() == [[RULE, RULE, FALLBACK, FALLBACK]]
    assert lists.scores[0, 2:].tolist() == [3, 2]


def test_what_speaks_against_an_item_does_not_recommend_it():
    rules = rules_of(TRAIN, max_len=2)
    assert (rules.measure("leverage") < 0).any()
    model = RuleRecommender(weight="leverage").fit(TRAIN, rules)
    assert (model.weights > 0).all()
    assert len(model.rules) == (rules.measure("leverage") > 0).sum()


def test_rules_to_several_items_are_left_out():
    rules = rules_of(TRAIN)
    model = RuleRecommender(weight="jaccard").fit(TRAIN, rules)
    lengths = np.diff(rules.source.flatten(rules.consequents)[0])
    assert 0 < (lengths == 1).sum() == len(model.rules) < len(rules)


def test_what_speaks_against_a_rule_is_no_weight():
    assert set(METRICS) - set(WEIGHTS) == {"p_value"}
    with pytest.raises(ParameterError, match=r"weight must be one of .*hyper_confidence.*Got 'p_value'"):
        RuleRecommender(weight="p_value")


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_measure_gives_finite_scores(weight, aggregation):
    scores = model_of(weight=weight, aggregation=aggregation).scores(TRAIN)
    assert np.isfinite(scores).all()
    assert (scores > 0).any()


@pytest.mark.parametrize("lists", [[[0], [1], [0, 2]], [[0, 1], [0, 1]]])
def test_infinite_conviction_counts_like_the_highest_finite_one(lists):
    train = histories(lists, 3)
    model = model_of(train, weight="conviction", alpha=0, aggregation="max", half_life=None)
    conviction = model.rules.measure("conviction")
    finite = conviction[np.isfinite(conviction)]
    assert np.isinf(conviction).any()
    highest = finite.max() if len(finite) else 1.0
    assert model.weights.tolist() == np.minimum(conviction, highest).tolist()


@pytest.mark.parametrize("rules", [None, rules_of(histories([[0, 1]], 2))])
def test_rules_of_something_else_are_refused(rules):
    with pytest.raises(
        ParameterError, match=r"rules must be mined from the transactions of the training part"
    ):
        RuleRecommender().fit(TRAIN, rules)


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("weight", "chi2", "one of learned, .*confidence"),
        ("damping", -1, "a number of at least 0"),
        ("alpha", -0.5, "a number of at least 0"),
        ("alpha", math.nan, "a finite number"),
        ("aggregation", "mean", "one of sum, max, mean_top_m, noisy_or"),
        ("top_m", 0, "an integer of at least 1"),
        ("half_life", 0, "a number above 0"),
    ],
)
def test_bad_parameters(parameter, value, rule):
    with pytest.raises(ParameterError, match=f"{parameter} must be {rule}"):
        RuleRecommender(**{parameter: value})
