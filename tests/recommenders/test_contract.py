"""What every recommender must do."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, note
from threadpoolctl import threadpool_limits

from recsys.errors import ParameterError
from recsys.recommenders import FALLBACK, MODEL, RULE
from tests.recommenders.problems import (
    ALL,
    ITEM_BASED,
    PERSONAL,
    RULES,
    USER_BASED,
    blocks,
    deterministic,
    histories,
    problems,
    rules_of,
)

#: Those whose recommendations may be due to popularity in part.
PARTLY_POPULAR = (ALL["popularity"], RULES["rules_learned"], USER_BASED["tifuknn"])

everybody = pytest.mark.parametrize("recommender", ALL.values(), ids=ALL)
personal = pytest.mark.parametrize("recommender", PERSONAL.values(), ids=PERSONAL)


def everybody_on_each_problem(test):
    """Draw problems, and mine their rules, once for all recommenders."""

    @deterministic
    @given(problem=problems())
    def run(problem):
        for name, recommender in ALL.items():
            note(name)
            test(recommender, problem)

    run.__name__ = test.__name__
    return run


def fitted(recommender, train, **mining):
    return recommender.fit(train, rules_of(train, **mining))


def same(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("item_indices", "scores", "sources")
    )


@personal
def test_finds_the_taste_that_was_planted(recommender):
    train = blocks()
    lists = fitted(recommender, train).recommend(train, 2)
    assert train.matrix.sum(axis=0)[:6].max() < train.matrix.sum(axis=0)[6:].min()
    for user in range(len(train)):
        block = range(6) if user < 12 else range(6, 12)
        assert set(lists.item_indices[user]) == set(block) - set(train.of(user))
    assert not (lists.sources == FALLBACK).any()


@everybody_on_each_problem
def test_lists_are_full_distinct_and_unseen(recommender, problem):
    train, queries, n_items = problem
    model = fitted(recommender, histories(train, n_items))
    asked = histories(queries, n_items)
    disliked = [[*row, (n_items - user % 2) % n_items] for user, row in enumerate(queries)]
    for excluded in (queries, [[]] * len(queries), disliked):
        exclude = histories(excluded, n_items)
        lists = model.recommend(asked, 4, exclude)
        if excluded is queries:
            alike = model.recommend(asked, k=4)
            assert np.array_equal(lists.item_indices, alike.item_indices)
        assert (len(lists), lists.k) == (len(queries), 4)
        assert (lists.item_indices.dtype, lists.scores.dtype, lists.sources.dtype) == ("i4", "f8", "i1")
        for user, seen in enumerate(excluded):
            there = lists.sources[user] >= 0
            found = lists.item_indices[user, there].tolist()
            n_left = n_items - len(set(seen))
            assert len(found) == len(set(found)) == min(4, n_left)
            assert not set(found) & set(seen)
            assert there.tolist() == sorted(there, reverse=True)
            assert (lists.item_indices[user, ~there] == -1).all()
            assert (lists.scores[user, ~there] == 0).all()
            is_fallback = lists.sources[user, there] == FALLBACK
            scores = lists.scores[user, there]
            assert (scores[~is_fallback] > 0).all()
            assert (np.diff(scores[~is_fallback]) <= 0).all()
            if recommender is not RULES["rules_learned"]:  # base rates compete with rules
                assert is_fallback.tolist() == sorted(is_fallback)
                assert (np.diff(scores[is_fallback]) <= 0).all()


@everybody_on_each_problem
def test_all_at_once_is_one_by_one(recommender, problem):
    train, queries, n_items = problem
    model = fitted(recommender, histories(train, n_items))
    asked = histories(queries, n_items)
    together = model.recommend(asked, k=n_items + 2)
    for user in range(len(queries)):
        rows = slice(user, user + 1)
        assert same(model.recommend(asked[rows], k=n_items + 2), together[rows])


@everybody_on_each_problem
def test_shares_sum_to_one(recommender, problem):
    train, queries, n_items = problem
    model = fitted(recommender, histories(train, n_items))
    lists = model.recommend(histories(queries, n_items), k=n_items)
    for query, items, sources in zip(queries, lists.item_indices, lists.sources, strict=True):
        for item, source in zip(items[sources >= 0].tolist(), sources[sources >= 0], strict=True):
            reasons = model.explain(histories([query], n_items), [item])[0]
            shares = [reason.share for reason in reasons]
            assert sum(shares) == pytest.approx(1)
            assert shares == sorted(shares, reverse=True)
            assert min(shares) >= 0
            for reason in reasons:
                assert set(reason.antecedents) <= set(query)
                assert type(reason.support_count) is int
            if source == FALLBACK:
                count = sum(item in row for row in train)
                assert [(r.antecedents, r.support_count, r.confidence) for r in reasons] == [
                    ((), count, None)
                ]
            elif recommender not in PARTLY_POPULAR:
                assert all(reason.antecedents for reason in reasons)


@personal
def test_a_reason_is_told_with_the_counts_of_its_rule(recommender):
    train = blocks()
    model = fitted(recommender, train)
    item = int(model.recommend(train, 1).item_indices[0, 0])
    likes = train.matrix.toarray() > 0
    for reason in model.explain(train[:1], [item])[0]:
        antecedent = likes[:, list(reason.antecedents)].all(axis=1)
        both = int((antecedent & likes[:, item]).sum())
        assert reason.support_count == both
        assert reason.confidence == pytest.approx(both / antecedent.sum())
        assert reason.lift == pytest.approx(both * len(train) / (antecedent.sum() * likes[:, item].sum()))


@everybody
def test_an_empty_history_gets_what_is_popular(recommender):
    train = blocks()
    lists = fitted(recommender, train).recommend(histories([[]], 12), 12)
    counts = train.matrix.sum(axis=0)
    assert lists.item_indices[0].tolist() == sorted(range(12), key=lambda item: (-counts[item], item))
    source = MODEL if recommender is ALL["popularity"] else FALLBACK
    assert set(lists.sources[0]) == {source}
    assert lists.scores[0].tolist() == sorted(counts, reverse=True)


@everybody
def test_a_history_of_everything_gets_nothing(recommender):
    model = fitted(recommender, blocks())
    lists = model.recommend(histories([range(12)], 12), 3)
    assert lists.item_indices.tolist() == lists.sources.tolist() == [[-1, -1, -1]]
    assert lists.scores.tolist() == [[0.0, 0.0, 0.0]]
    everything = model.recommend(histories([range(12)], 12), 12, histories([[]], 12)).item_indices[0]
    assert set(everything) == {*range(12)}


@everybody
def test_what_is_excluded_changes_no_score(recommender):
    model = fitted(recommender, blocks())
    history = histories([[0, 1]], 12)
    every = model.recommend(history, 12)
    (first, *others), (score, *scores) = every.item_indices[0].tolist(), every.scores[0].tolist()
    without = model.recommend(history, 12, histories([[0, 1, first]], 12))
    assert without.item_indices[0].tolist() == [*others, -1]
    assert without.scores[0].tolist() == [*scores, 0.0]
    assert score >= scores[0] or every.sources[0, 0] != every.sources[0, 1]


def test_exclude_is_of_the_same_users_and_items():
    model = fitted(ALL["popularity"], blocks())
    with pytest.raises(ParameterError, match="exclude must be of the same 1 users as histories"):
        model.recommend(histories([[0]], 12), 3, histories([[0], [1]], 12))
    with pytest.raises(ParameterError, match="exclude must be over the 12 items"):
        model.recommend(histories([[0]], 12), 3, histories([[0]], 13))


@everybody
def test_nobody_is_asked_for(recommender):
    lists = fitted(recommender, blocks()).recommend(histories([], 12), 3)
    assert lists.item_indices.shape == lists.scores.shape == lists.sources.shape == (0, 3)


@everybody
def test_one_user_only(recommender):
    train = histories([[2, 0]], 4)
    lists = fitted(recommender, train).recommend(train, 9)
    assert lists.item_indices.tolist() == [[1, 3, *[-1] * 7]]
    assert lists.sources[0, :2].tolist() == [FALLBACK, FALLBACK]


@everybody
@pytest.mark.parametrize("mining", [{"max_len": 1}, {"min_support": 1.0}, {"min_threshold": 99.0}])
def test_no_rules_at_all(recommender, mining):
    train = blocks()
    model = fitted(recommender, train, **mining)
    lists = model.recommend(train, 3)
    assert not (lists.sources == RULE).any()
    if recommender in RULES.values():
        assert (lists.sources == FALLBACK).all()
        assert (model.scores(train) == 0).all()
    assert (lists.item_indices >= 0).all()


@everybody
@pytest.mark.parametrize("k", [0, -1, 2.0, True, None])
def test_k_must_be_a_length(recommender, k):
    train = blocks()
    with pytest.raises(ParameterError, match=r"k must be an integer of at least 1"):
        fitted(recommender, train).recommend(train, k)


@everybody
def test_another_catalogue_is_refused(recommender):
    with pytest.raises(ParameterError, match=r"histories must be over the 12 items .*items=model\.items"):
        fitted(recommender, blocks()).recommend(histories([[0]], 11), 3)


@everybody
def test_threads_and_repetition_change_nothing(recommender):
    rng = np.random.default_rng(5)
    train = histories([rng.permutation(150)[: rng.integers(5, 60)].tolist() for _ in range(120)], 150)
    rules = rules_of(train, 0.1, 2)
    answers = []
    for threads in (1, 2, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            answers.append(recommender.fit(train, rules).recommend(train, 20))
    assert same(answers[0], answers[1])
    assert same(answers[1], answers[2])


@pytest.mark.parametrize("recommender", (ITEM_BASED | USER_BASED).values(), ids=ITEM_BASED | USER_BASED)
def test_portions_change_nothing(recommender, monkeypatch):
    train = blocks()
    model = fitted(recommender, train)
    whole = model.recommend(train, 5)
    monkeypatch.setattr("recsys.recommenders.model.SCORES_AT_ONCE", 60)
    assert same(model.recommend(train, 5), whole)


@everybody
def test_settings_are_values(recommender):
    assert hash(recommender) == hash(type(recommender)(**vars(recommender)))
    assert recommender == type(recommender)(**vars(recommender))
    with pytest.raises(AttributeError):
        recommender.something = 1


def test_settings_are_read_without_the_compiler():
    program = (
        "import sys, recsys.recommenders; print(sorted({'numba', 'implicit', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
