"""What every split owes: nothing asked for can be reached from what is learnt from or shown."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recsys import pipeline
from recsys.data import Interactions
from recsys.datasets import Dataset
from recsys.errors import NoTransactionsError, ParameterError
from recsys.evaluation import (
    CompleteBasket,
    GlobalTime,
    LeaveOut,
    NoSplit,
    Rolling,
    UserHoldout,
    UserShare,
    preparation,
)
from recsys.preprocessing import Preprocessing
from recsys.recommenders import PopularityRecommender
from tests.evaluation.strategies import deterministic, likes, make_positives, pairs

SPLITS = [
    UserShare(),
    UserShare(test_size=0.5, validation_size=0.4),
    UserShare(order="random"),
    LeaveOut(),
    LeaveOut(n_held_out=2),
    LeaveOut(order="random"),
    GlobalTime(),
    GlobalTime(min_history=0),
    GlobalTime(test_from=9, validation_from=6),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3, order="random"),
    *Rolling(periods=2).folds("validation"),
    UserShare(order="random", fold=1),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3, fold=1),
    CompleteBasket(test_size=0.4, validation_size=0.4, hidden=0.4),
]
FOLDED = [
    UserShare(order="random", replicates=2),
    LeaveOut(order="random", replicates=2),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3, replicates=2),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3, order="random", replicates=2),
    CompleteBasket(test_size=0.4, validation_size=0.4, order="random", replicates=2),
    Rolling(periods=2),
    Rolling(test_from=8, validation_from=3, periods=2),
    Rolling(test_from=8, validation_from=3, periods=2, min_history=0),
]


@pytest.mark.parametrize("evaluation", SPLITS, ids=lambda evaluation: type(evaluation).__name__)
@settings(deterministic, max_examples=25)
@given(drawn=likes())
def test_a_split_leaks_nothing(evaluation, drawn):
    try:
        parts = evaluation.split(make_positives(drawn))
    except ParameterError:
        assume(False)  # too few likes for this split: other tests hold that these are refused
    final = (parts.train_and_validation, parts.test)
    for learnt, holdout in [(parts.train, parts.validation), final]:
        held_out_likes_are_neither_learnt_from_nor_shown(learnt, holdout)
        who_is_shown_is_asked(holdout, getattr(evaluation, "min_history", 1))
        likes_are_those_of_the_data(drawn, learnt, holdout.visible, holdout.held_out)
        if getattr(evaluation, "order", "") == "time":
            nothing_shown_of_a_user_is_later_than_what_is_asked(drawn, learnt, holdout)
        if isinstance(evaluation, GlobalTime):
            assert max(learnt.timestamp) < min(holdout.held_out.timestamp)
        if isinstance(evaluation, (UserHoldout, CompleteBasket)):
            assert not set(learnt.user_id) & set(holdout.users)
    the_search_sees_nothing_of_the_test(parts)
    # The later likes of new users are left out, and baskets of one item.
    if not isinstance(evaluation, (GlobalTime, CompleteBasket)):
        assert everything(*final) == set(drawn)
        assert everything(parts.train, parts.validation) == pairs(parts.train_and_validation)


def everything(learnt, holdout):
    return pairs(learnt) | pairs(holdout.visible) | pairs(holdout.held_out)


def held_out_likes_are_neither_learnt_from_nor_shown(learnt, holdout):
    assert len(holdout.held_out)
    assert not pairs(holdout.held_out) & (pairs(learnt) | pairs(holdout.visible))


def who_is_shown_is_asked(holdout, min_history):
    assert set(holdout.visible.user_id) <= set(holdout.users) == set(holdout.held_out.user_id)
    if min_history:
        assert set(holdout.visible.user_id) == set(holdout.users)


def likes_are_those_of_the_data(drawn, *parts):
    for part in parts:
        times = zip(part.user_id.tolist(), part.item_id.tolist(), part.timestamp.tolist(), strict=True)
        found = [((user, item), time) for user, item, time in times]
        assert dict(found).items() <= drawn.items()
        assert found == sorted(found), "by user, then item, as Positives say"


def nothing_shown_of_a_user_is_later_than_what_is_asked(drawn, learnt, holdout):
    shown = pairs(holdout.visible) | pairs(learnt)
    for user in holdout.users.tolist():
        asked = [drawn[pair] for pair in pairs(holdout.held_out) if pair[0] == user]
        assert all(drawn[pair] <= min(asked) for pair in shown if pair[0] == user)


def the_search_sees_nothing_of_the_test(parts):
    seen = everything(parts.train, parts.validation)
    assert not pairs(parts.test.held_out) & seen
    assert pairs(parts.train) < pairs(parts.train_and_validation)
    assert seen <= pairs(parts.train_and_validation)


@pytest.mark.parametrize("evaluation", [*SPLITS, NoSplit()], ids=lambda evaluation: type(evaluation).__name__)
def test_a_split_is_the_same_each_time_and_a_key(evaluation):
    likes = make_positives({(u, i): u * i % 13 for u in range(1, 9) for i in range(1, 12)})
    one, two = evaluation.split(likes), evaluation.split(likes)
    assert pairs(one.train) == pairs(two.train)
    assert pairs(one.test.held_out) == pairs(two.test.held_out)
    assert hash(evaluation) == hash(type(evaluation)(**vars(evaluation)))


def test_no_split_learns_from_everything_and_asks_nothing():
    likes = make_positives({(1, 1): 1, (2, 1): 2})
    parts = NoSplit().split(likes)
    assert parts.train is likes
    assert parts.train_and_validation is likes
    assert len(parts.validation) == len(parts.test) == 0
    assert parts.test.histories(np.array([1])).n_users == 0


RULES = [
    Preprocessing(),
    Preprocessing(likes="user_mean"),
    Preprocessing(likes="user_mean", min_movie_ratings=2),
    Preprocessing(min_movie_ratings=3),
    Preprocessing(min_length=3),
    Preprocessing(max_length=3),
    Preprocessing(likes="all", min_movie_ratings=3, min_length=2, max_length=4),
]
STARS = st.integers(1, 10).map(lambda halves: halves / 2)


@dataclass(frozen=True, eq=False)
class InMemory(Dataset):
    """A dataset that stands in memory."""

    ratings: Interactions

    def fingerprint(self):
        return ()

    def load(self):
        return self.ratings


def learnt(ratings, preprocessing, evaluation, part):
    """Digest and times of what the pipeline learns from."""
    parts = (InMemory(ratings), preprocessing, None, None, None, None, evaluation)
    prepared = pipeline.prepare(pipeline.Experiment(*parts), part)
    return prepared.transactions.digest, prepared.train.steps.tolist()


def make_ratings(rows):
    """Make ratings from {(user, item): (timestamp, rating)}."""
    user, item = np.array([*rows]).T
    timestamp, rating = zip(*rows.values(), strict=True)
    return Interactions(user, item, rating, timestamp)


ratings_of_a_part = given(
    drawn=likes(),
    stars=st.lists(STARS, min_size=100, max_size=100),
    preprocessing=st.sampled_from(RULES),
    part=st.sampled_from(["validation", "test"]),
)


def beyond(ratings, preprocessing, evaluation, part):
    """The ratings that are not on the side of training: held out, shown only, or left out."""
    parts = evaluation.split(preprocessing.candidates(ratings))
    train = parts.train if part == "validation" else parts.train_and_validation
    return [pair for pair in zip(ratings.user_id.tolist(), ratings.item_id.tolist(), strict=True)
            if pair not in pairs(train)]  # fmt: skip


@pytest.mark.parametrize("evaluation", SPLITS, ids=lambda evaluation: type(evaluation).__name__)
@settings(deterministic, max_examples=10)
@ratings_of_a_part
def test_what_is_learnt_does_not_depend_on_what_is_held_out(evaluation, drawn, stars, preprocessing, part):
    # Even items, for there is to be one between each two.
    rows = {(u, 2 * i): (time, star) for ((u, i), time), star in zip(drawn.items(), stars, strict=False)}
    try:
        before = learnt(make_ratings(rows), preprocessing, evaluation, part)
        held_out = beyond(make_ratings(rows), preprocessing, evaluation, part)
        changed = dict(rows)
        for user, item in held_out:
            time, star = changed.pop((user, item))
            # Another movie, later, and otherwise rated; a like stays one, for a share is one of all likes.
            other = (3.5, 5.0, star) if star >= 3.5 else (0.5, 3.0, star)
            any_other = preprocessing.likes in ("all", "user_mean")
            changed[user, item + 1] = (time + 1000, 5.5 - star if any_other else other[item % 3])
        assert learnt(make_ratings(changed), preprocessing, evaluation, part) == before
    except (NoTransactionsError, ParameterError):
        assume(False)  # too few likes for this split, or none left by these rules


@pytest.mark.parametrize("evaluation", SPLITS, ids=lambda evaluation: type(evaluation).__name__)
@settings(deterministic, max_examples=12)
@ratings_of_a_part
def test_nothing_rated_is_listed_and_nothing_held_out_is_learnt(
    evaluation, drawn, stars, preprocessing, part
):
    rows = {pair: (time, star) for (pair, time), star in zip(drawn.items(), stars, strict=False)}
    ratings = make_ratings(rows)
    try:
        prepared = preparation.prepare(ratings, preprocessing, evaluation, part)
    except (NoTransactionsError, ParameterError):
        assume(False)  # too few likes for this split, or none left by these rules
    split = evaluation.split(preprocessing.candidates(ratings))
    holdout = split.validation if part == "validation" else split.test
    rated, held_out = of_users(holdout.visible), of_users(holdout.held_out)
    train, histories, seen = map(by_user, (prepared.train, prepared.histories, prepared.seen))
    targets, items = by_user(prepared.targets.known), set(prepared.train.items.tolist())
    # Longer lists than the catalogue hold all that is not excluded.
    model = PopularityRecommender().fit(prepared.train)
    lists = model.recommend(prepared.histories, 30, prepared.seen).item_indices
    assert not any(train.get(user, set()) & held_out[user] for user in held_out)
    for user, row in zip(targets, lists, strict=True):
        likes = {item for item in rated[user] if is_like(rows, user, item, rated[user], preprocessing)}
        listed = set(prepared.train.items[row[row >= 0]].tolist())
        assert listed == items - rated[user] >= targets[user]
        assert seen[user] == items & rated[user]
        assert histories[user] == items & likes
        assert not train.get(user, set()) & rated[user] - likes
        if getattr(evaluation, "order", "") == "time":
            times = {item: time for (rater, item), (time, _) in rows.items() if rater == user}
            counted = held_out[user]
            if preprocessing.likes in ("auto", "min_rating"):
                counted = {item for item in counted if rows[user, item][1] >= 3.5}
            first = min(times[item] for item in counted)
            assert {item for item, time in times.items() if time < first} <= rated[user]
            assert all(times[item] <= first for item in rated[user])


@pytest.mark.parametrize("evaluation", FOLDED, ids=lambda evaluation: type(evaluation).__name__)
@settings(deterministic, max_examples=12)
@given(
    drawn=likes(),
    stars=st.lists(STARS, min_size=100, max_size=100),
    preprocessing=st.sampled_from(RULES),
    page_users=st.sampled_from([None, np.array([2, 5])]),
)
def test_no_fold_learns_or_shows_what_it_or_the_test_holds_out(
    evaluation, drawn, stars, preprocessing, page_users
):
    """Dislikes included; what users that feedback has added like is learnt, and never asked for."""
    rows = {pair: (time, star) for (pair, time), star in zip(drawn.items(), stars, strict=False)}
    ratings = replace(make_ratings(rows), page_users=page_users)
    measured = {pair: row for pair, row in rows.items() if page_users is None or pair[0] not in page_users}
    folds = evaluation.folds("validation")
    assert len(folds) == 2
    try:
        candidates = preprocessing.candidates(make_ratings(measured))
        final = preparation.prepare(ratings, preprocessing, evaluation, "test")
        prepared = [preparation.prepare(ratings, preprocessing, fold, "validation") for fold in folds]
    except (NoTransactionsError, ParameterError):
        assume(False)  # too few likes for this split, or none left by these rules
    splits = [fold.split(candidates) for fold in folds]
    tested = pairs(splits[0].test.held_out)
    assert by_pair(final.targets.known) <= tested
    assert not learnt_pairs(final) & tested
    for split, fold in zip(splits, prepared, strict=True):
        held_out = pairs(split.validation.held_out)
        learnt, targets = learnt_pairs(fold), by_pair(fold.targets.known)
        assert pairs(split.test.held_out) == tested
        assert targets <= held_out
        assert not learnt & (held_out | tested)
        assert not (by_pair(fold.histories) | by_pair(fold.seen)) & (held_out | tested)
        assert not everything(split.train, split.validation) & tested
        if isinstance(evaluation, GlobalTime):
            moment = min(rows[pair][0] for pair in held_out)
            assert all(
                rows[pair][0] < moment for pair in learnt | by_pair(fold.histories) | by_pair(fold.seen)
            )
            assert max(rows[pair][0] for pair in held_out) < min(rows[pair][0] for pair in tested)
    if isinstance(evaluation, Rolling):
        first, second = (pairs(split.validation.held_out) for split in splits)
        assert max(rows[pair][0] for pair in first) < min(rows[pair][0] for pair in second)


def learnt_pairs(prepared):
    """Return the pairs of the training data, which are the same in histories and in transactions."""
    matrix = prepared.transactions.matrix.tocoo()
    users, items = prepared.transactions.ids[matrix.row], prepared.transactions.items[matrix.col]
    learnt = set(zip(users.tolist(), items.tolist(), strict=True))
    assert learnt == by_pair(prepared.train)
    return learnt


def by_pair(histories):
    return {(user, item) for user, items in by_user(histories).items() for item in items}


def of_users(positives):
    """Return the items of each user; none of any other."""
    items = defaultdict(set)
    for user, item in pairs(positives):
        items[user].add(item)
    return items


def by_user(histories):
    """Return the ids of the items of each user."""
    items = (histories.items[histories.of(row)].tolist() for row in range(len(histories)))
    return dict(zip(histories.users.tolist(), map(set, items), strict=True))


def is_like(rows, user, item, known, preprocessing):
    """Whether a rating is a like, by definition."""
    star = rows[user, item][1]
    if preprocessing.likes == "user_mean":
        return star > np.mean([rows[user, other][1] for other in known]) + 1e-9
    return preprocessing.likes == "all" or star >= 3.5


@settings(deterministic, max_examples=20)
@given(drawn=likes(), stars=st.lists(STARS, min_size=100, max_size=100), preprocessing=st.sampled_from(RULES))
def test_what_is_learnt_before_a_moment_does_not_depend_on_what_is_there_after_it(
    drawn, stars, preprocessing
):
    evaluation = GlobalTime(test_from=6, validation_from=4)
    rows = {pair: (time, star) for (pair, time), star in zip(drawn.items(), stars, strict=False)}
    fewer = {pair: row for at, (pair, row) in enumerate(rows.items()) if row[0] < 6 or at % 2}
    try:
        found = [learnt(make_ratings(some), preprocessing, evaluation, "test") for some in (rows, fewer)]
    except (NoTransactionsError, ParameterError):
        assume(False)
    assert found[0] == found[1]
