"""Metrics of repeats and of new items: by definition, by hand, and what users without any of them change."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation import (
    RankingResult,
    bootstrap_intervals,
    evaluate,
    paired_differences,
    pairwise_differences,
)
from recsys.evaluation.holdout import Repeats
from recsys.evaluation.repeats import REPEATS
from tests.evaluation import naive
from tests.evaluation.strategies import (
    deterministic,
    make_histories,
    make_recommendations,
    make_targets,
    ranking_problems,
)

OF_EACH = {"ndcg": naive.ndcg, "recall": naive.recall, "hit_rate": naive.hit_rate}


def measure(lists, held_out, before, n_items, cutoffs=(1, 3, 10)):
    """Measure lists; items from `n_items` on are unknown to the catalogue."""
    n_repeats = np.array([len({*one} & {*other}) for one, other in zip(held_out, before, strict=True)])
    known = make_histories([[item for item in row if item < n_items] for row in before], n_items)
    targets = replace(make_targets(held_out, n_items), before=Repeats(known, n_repeats))
    train = make_histories([range(n_items)], n_items)
    return evaluate(make_recommendations(lists, 10), targets, train, cutoffs)


@deterministic
@given(problem=ranking_problems(), drawn=st.data())
def test_as_the_definitions_read(problem, drawn):
    n_items, lists, _, held_out, *_ = problem
    row = st.lists(st.integers(0, n_items + 2), unique=True)
    before = drawn.draw(st.lists(row, min_size=len(lists), max_size=len(lists)))
    result = measure(lists, held_out, before, n_items)
    users = list(zip(lists, held_out, before, strict=True))
    for k in (1, 3, 10):
        shares = [naive.repeat_share(listed, had, k) for listed, _, had in users]
        assert result.per_user[f"repeat_share@{k}"] == pytest.approx(shares)
        for name, metric in OF_EACH.items():
            values = [naive.of_each(metric, listed, liked, had, k) for listed, liked, had in users]
            for which in ("repeat", "new"):
                expected = [one[which] for one in values if one[which] is not None]
                found = f"{name}_{which}@{k}"
                if not expected:
                    assert found not in result.metrics
                    continue
                assert result.per_user[found] == pytest.approx(expected)
                assert result.metrics[found] == pytest.approx(np.mean(expected))
                having = [user for user, one in enumerate(values) if one[which] is not None]
                assert result.of_metric(found).users.tolist() == having


LISTS = [[0, 1, 2], [3, 0], [4, 3, 2, 1]]
HELD_OUT = [[1, 2], [0, 9], [4]]
BEFORE = [[0, 1], [], [4, 3, 2]]


def test_by_hand():
    """The first user's 1 is a repeat at rank 2, 2 is new at rank 3; the others have one kind."""
    result = measure(LISTS, HELD_OUT, BEFORE, n_items=5)
    metrics = result.metrics
    assert metrics["recall@10"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert metrics["ndcg_repeat@10"] == pytest.approx((1 / np.log2(3) + 1) / 2)
    assert metrics["recall_repeat@1"] == (0 + 1) / 2
    assert metrics["recall_new@10"] == (1 + 1 / 2) / 2
    assert metrics["hit_rate_new@1"] == 0
    assert metrics["repeat_share@3"] == pytest.approx((2 / 3 + 0 + 3 / 3) / 3)
    assert (metrics["n_users_with_repeats"], metrics["n_users_with_new_items"]) == (2, 2)
    measured = {name.partition("@")[0] for name in result.per_user}
    assert measured >= set(REPEATS)


def test_intervals_and_pairs_are_those_of_the_users_who_have_the_metric():
    better = measure(LISTS * 9, HELD_OUT * 9, BEFORE * 9, n_items=5)
    worse = measure([[0], [3, 0], [1, 2]] * 9, HELD_OUT * 9, BEFORE * 9, n_items=5)
    intervals = bootstrap_intervals(better, n_resamples=50)
    alone = bootstrap_intervals(better.of_metric("recall_repeat@1"), n_resamples=50)
    assert intervals["recall_repeat@1"] == alone["recall_repeat@1"]
    assert set(intervals) == set(better.per_user)
    assert intervals["recall_repeat@1"].value == better.metrics["recall_repeat@1"]
    assert intervals["recall_repeat@1"].low < 0.5 < intervals["recall_repeat@1"].high
    differences = paired_differences(better, worse, n_resamples=50)
    assert differences["recall_repeat@10"].value == 1
    (pair,) = pairwise_differences({"better": better, "worse": worse}, "recall_repeat@10", n_resamples=50)
    assert pair.difference == differences["recall_repeat@10"]


def test_pairs_are_of_the_users_who_have_the_metric_in_both():
    """As of two models whose catalogs know different targets."""
    users, name = np.arange(4), "revenue_capture@10"
    first = RankingResult(users, {name: np.array([0.5, 0.7, 1.0])}, {}, {name: np.array([1, 1, 0, 1], bool)})
    second = RankingResult(users, {name: np.array([0.2, 0.4])}, {}, {name: np.array([0, 1, 1, 0], bool)})
    assert paired_differences(first, second, n_resamples=9)[name].value == pytest.approx(0.5)
    nobody = RankingResult(users, {name: np.ones(1)}, {}, {name: users == 2})
    assert paired_differences(first, nobody) == {}


def test_a_metric_of_chosen_users():
    result = measure(LISTS, HELD_OUT, BEFORE, n_items=5)
    chosen = result.of_metric("recall_repeat@1", np.array([False, True, True]))
    assert chosen.users.tolist() == [2]
    assert chosen.per_user["recall_repeat@1"].tolist() == [1]
    assert result.of_metric("recall@1", np.array([False, True, True])).users.tolist() == [1, 2]
