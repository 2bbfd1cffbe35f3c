from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recsys.data import Interactions
from recsys.datasets import MovieLens, MovieLensBootstrap
from recsys.datasets.movielens import BUNDLED
from recsys.errors import ParameterError

SMALL = MovieLensBootstrap(n_users=6_000, n_ratings=900_000, n_items=12_000)


@pytest.fixture(scope="module")
def source() -> Interactions:
    return MovieLens("ml-latest-small-2016", path=str(BUNDLED / "ml-latest-small-2016")).load()


@pytest.fixture(scope="module")
def ratings() -> Interactions:
    return SMALL.load()


def test_size(ratings: Interactions) -> None:
    assert (len(ratings), ratings.n_users, ratings.name) == (900_000, 6_000, "synthetic-ml-25m")
    assert 10_000 < ratings.n_items <= 12_000
    pairs = ratings.user_id * 10**6 + ratings.item_id
    assert (np.diff(pairs) > 0).all()


def test_activity_is_that_of_movielens(ratings: Interactions, source: Interactions) -> None:
    activity, of_source = (np.bincount(one.user_id)[1:] for one in (ratings, source))
    assert activity.min() == of_source.min() == 20
    assert np.quantile(activity, [0.25, 0.5, 0.75, 0.99]) == pytest.approx(
        np.quantile(of_source, [0.25, 0.5, 0.75, 0.99]), rel=0.25
    )
    assert activity.max() > 1.5 * of_source.max()


def test_a_rating_is_one_of_the_source(ratings: Interactions, source: Interactions) -> None:
    known = np.isin(ratings.item_id, source.item_id)
    assert known.mean() > 0.97
    for column in ("rating", "timestamp"):
        assert np.isin(getattr(ratings, column), getattr(source, column)).all()
    triples = {*zip(source.item_id.tolist(), source.rating, source.timestamp, strict=True)}
    counts = dict(zip(*np.unique(source.item_id, return_counts=True), strict=True))
    columns = [getattr(ratings, name)[:3_000].tolist() for name in ("item_id", "rating", "timestamp")]
    for item, rating, timestamp in zip(*columns, strict=True):
        assert counts.get(item, 1) == 1 or (item, rating, timestamp) in triples
    assert ratings.rating is not None
    assert (ratings.rating >= 3.5).mean() == pytest.approx(0.62, abs=0.02)
    assert ratings.titles([1]) == ["Toy Story (1995)"]


def test_what_is_popular_and_liked_together_stays_so(ratings: Interactions, source: Interactions) -> None:
    def share(of: Interactions, *items: int) -> float:
        users = [set(of.user_id[of.item_id == item].tolist()) for item in items]
        return len(set.intersection(*users)) / of.n_users

    items, counts = np.unique(source.item_id, return_counts=True)
    popular = items[np.argsort(-counts)][:20].tolist()
    for item in popular:
        assert share(ratings, item) == pytest.approx(share(source, item), rel=0.3)
    # Three of a kind, of three users in four who know one of them.
    rings = [4993, 5952, 7153]
    independent = np.prod([share(ratings, item) for item in rings])
    assert share(ratings, *rings) > 2 * independent


def test_no_two_users_are_the_same(ratings: Interactions) -> None:
    starts = np.unique(ratings.user_id, return_index=True)[1]
    users = {tuple(items.tolist()) for items in np.split(ratings.item_id, starts[1:])}
    assert len(users) == ratings.n_users


def test_a_seed_means_the_same_ratings_everywhere() -> None:
    one, other = (MovieLensBootstrap(50, 5_000, seed=seed).load().digest for seed in (1, 2))
    assert one[:16] == "42bde69e11668206"
    assert one != other
    assert hash(MovieLensBootstrap()) == hash(MovieLensBootstrap())
    assert SMALL.fingerprint() == ()


@pytest.mark.parametrize(("n_ratings", "activity"), [(200, 20), (10 * 4_533, 4_533)])
def test_the_least_and_the_most_ratings(n_ratings: int, activity: int) -> None:
    ratings = MovieLensBootstrap(10, n_ratings, n_items=9_066).load()
    assert np.bincount(ratings.user_id)[1:].tolist() == [activity] * 10


@pytest.mark.parametrize(
    ("parameter", "options"),
    [
        ("n_users", {"n_users": 0}),
        ("n_ratings", {"n_ratings": 1e6}),
        ("n_items", {"n_items": "many"}),
        ("seed", {"seed": -1}),
        ("name", {"name": None}),
        ("n_items", {"n_items": 9_065}),
        ("n_ratings", {"n_users": 10, "n_ratings": 199}),
        ("n_ratings", {"n_users": 10, "n_ratings": 10 * 4_533 + 1, "n_items": 9_066}),
    ],
)
def test_wrong_parameters_are_named(parameter: str, options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as caught:
        MovieLensBootstrap(**options).load()
    assert caught.value.parameter == parameter
