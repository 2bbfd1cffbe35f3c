"""Which ratings become positives."""

import re

import numpy as np
import pytest
import yaml

from recsys.data import Interactions
from recsys.errors import NoTransactionsError, ParameterError
from recsys.preprocessing import Preprocessing
from tests.integration.cures import tries


def make_ratings(rows, with_rating=True):
    """Rows of (user, item, rating)."""
    users, items, values = zip(*rows, strict=True)
    return Interactions(
        user_id=np.array(users),
        item_id=np.array(items),
        rating=np.array(values, dtype=float) if with_rating else None,
        timestamp=np.arange(len(rows)),
        items=None,
        name="small",
    )


RATINGS = make_ratings(
    [(1, 10, 5.0), (1, 11, 3.5), (1, 12, 3.0), (2, 10, 3.0), (2, 11, 1.0), (3, 10, 4.0), (3, 12, 4.0)]
)


def pairs(positives):
    return list(zip(positives.user_id.tolist(), positives.item_id.tolist(), strict=True))


def test_a_like_is_a_rating_of_at_least_min_rating():
    kept = Preprocessing(min_rating=3.5).filter(RATINGS)
    assert pairs(kept) == [(1, 10), (1, 11), (3, 10), (3, 12)]
    assert kept.timestamp.tolist() == [0, 1, 5, 6]
    assert len(kept) == 4


def test_every_rating():
    assert len(Preprocessing(likes="all").filter(RATINGS)) == len(RATINGS)


def test_above_the_users_own_mean():
    # Means: user 1 (5 + 3.5 + 3) / 3 = 3.83, user 2 (3 + 1) / 2 = 2, user 3 (4 + 4) / 2 = 4: not above.
    assert pairs(Preprocessing(likes="user_mean").filter(RATINGS)) == [(1, 10), (2, 10)]


@pytest.mark.parametrize("values", [[0.1] * 6, [0.2] * 8, [0.1, 0.4, 0.7], [0.1, 2.2, 4.3]])
def test_a_rating_that_is_the_mean_is_not_above_it_for_rounding(values):
    ratings = make_ratings([(1, item, value) for item, value in enumerate(values)])
    above = [item for item, value in enumerate(values) if value > values[len(values) // 2]]
    rules = Preprocessing(likes="user_mean")
    if above:
        assert pairs(rules.filter(ratings)) == [(1, item) for item in above]
    else:
        with pytest.raises(NoTransactionsError, match="likes=user_mean drops the last of"):
            rules.filter(ratings)


def test_a_movie_with_few_ratings_is_dropped_whoever_liked_it():
    # Movie 10 has 3 ratings, 11 and 12 have 2 each, likes or not.
    assert pairs(Preprocessing(min_movie_ratings=3).filter(RATINGS)) == [(1, 10), (3, 10)]


def test_the_length_of_a_transaction_counts_likes():
    likes = make_ratings([(1, 10, 5), (1, 11, 5), (1, 12, 5), (2, 10, 5), (3, 10, 5), (3, 11, 5), (3, 12, 1)])
    assert pairs(Preprocessing(min_length=2).filter(likes)) == [(1, 10), (1, 11), (1, 12), (3, 10), (3, 11)]
    assert pairs(Preprocessing(max_length=2).filter(likes)) == [(2, 10), (3, 10), (3, 11)]
    assert pairs(Preprocessing(min_length=2, max_length=2).filter(likes)) == [(3, 10), (3, 11)]


@pytest.mark.parametrize(
    ("parameters", "culprit"),
    [
        ({"min_movie_ratings": 4}, "min_movie_ratings=4.* of 7 training interactions"),
        ({"min_rating": 5.5}, "min_rating=5.5.* of 7 ratings "),
        (
            {"min_length": 3},
            "min_length=3.* of 7 training interactions .*-> 4 after min_rating=3.5 -> 0 after",
        ),
    ],
)
def test_nothing_left_names_the_step_that_dropped_it(parameters, culprit):
    with pytest.raises(NoTransactionsError, match=rf"preprocessing\.{culprit}"):
        Preprocessing(**parameters).filter(RATINGS)


@tries("recsys/preprocessing/filtering.py", "Set preprocessing.min_rating=")
@tries("recsys/preprocessing/filtering.py", "Set preprocessing.min_movie_ratings=")
@tries("recsys/preprocessing/filtering.py", "Set preprocessing.likes=all.")
@pytest.mark.parametrize(
    ("parameters", "n_cures"),
    [
        ({"min_rating": 5.5}, 1),
        ({"min_movie_ratings": 4}, 1),
        ({"min_movie_ratings": 4, "min_rating": 4.5}, 2),  # movies first, then those of the likes
        ({"min_length": 3}, 1),
        ({"min_length": 2, "max_length": 2, "min_rating": 4.5}, 1),
        ({"likes": "all", "max_length": 1}, 1),
        ({"likes": "user_mean", "min_movie_ratings": 4}, 1),
    ],
)
def test_what_is_advised_leaves_transactions(parameters, n_cures):
    ratings = RATINGS if n_cures == 1 else make_ratings([(1, 10, 1), (2, 10, 1), (3, 10, 1), (1, 11, 5)])
    for _ in range(n_cures):
        with pytest.raises(NoTransactionsError) as refused:
            Preprocessing(**parameters).filter(ratings)
        ((name, value),) = re.findall(r"Set preprocessing\.(\w+)=(\S+)\.$", str(refused.value))
        parameters = parameters | {name: yaml.safe_load(value)}
    assert len(Preprocessing(**parameters).filter(ratings)) > 0


def test_where_nobody_likes_above_the_mean_all_ratings_count():
    ratings = make_ratings([(1, 10, 4), (1, 11, 4), (2, 10, 5)])
    with pytest.raises(NoTransactionsError, match=r"Set preprocessing\.likes=all\.$"):
        Preprocessing(likes="user_mean").filter(ratings)
    assert len(Preprocessing(likes="all").filter(ratings)) == 3


def test_held_out_likes_are_told_by_the_mean_of_what_is_known():
    rules = Preprocessing(likes="user_mean", min_movie_ratings=2, min_length=2)
    train = rules.candidates(make_ratings([(1, 10, 2.0), (1, 11, 3.0), (2, 10, 5.0)]))
    asked = rules.candidates(make_ratings([(1, 12, 2.5), (1, 13, 3.0), (3, 10, 3.0), (3, 12, 3.5)]))
    known = train.select(train.user_id == 1)
    # User 1 has a mean of 2.5; user 3 is unknown, and all of train has one of 3.33. Movies and lengths decide
    # nothing here.
    assert pairs(rules.likes_of(asked, known, train)) == [(1, 13), (3, 12)]
    rules = Preprocessing(min_movie_ratings=2)
    kept = rules.candidates(RATINGS)
    assert len(kept) == len(RATINGS), "those that are no likes count for their movies"
    assert pairs(rules.likes_of(kept, kept, kept)) == pairs(Preprocessing().filter(RATINGS))


def test_baskets_have_no_ratings_to_compare():
    baskets = make_ratings([(1, 10, 0), (1, 11, 0)], with_rating=False)
    assert len(Preprocessing(likes="all").filter(baskets)) == 2
    with pytest.raises(ParameterError, match=r"likes must be all for small, .* Set preprocessing.likes=all"):
        Preprocessing(likes="min_rating").filter(baskets)
    assert len(Preprocessing().filter(baskets)) == 2, "auto counts all"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_movie_ratings": 0}, "min_movie_ratings must be an integer of at least 1"),
        ({"likes": "some"}, "likes must be one of auto, min_rating, user_mean, all. Got 'some'"),
        ({"min_rating": "good"}, "min_rating must be a finite number. Got 'good'"),
        ({"min_length": 1.5}, "min_length must be an integer of at least 1"),
        ({"min_length": 3, "max_length": 2}, "max_length must be an integer of at least 3. Got 2"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ParameterError, match=message):
        Preprocessing(**parameters)
