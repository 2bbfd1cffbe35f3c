"""MovieLensBootstrap: a bootstrap of the bundled ratings, of any size."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.datasets.dataset import Dataset
from recsys.datasets.movielens import BUNDLED, MovieLens
from recsys.errors import ParameterError
from recsys.parameters import require_integer, require_text

IntArray = npt.NDArray[np.int64]

SOURCE = "ml-latest-small-2016"

# Standard deviation of the noise on the logarithm of a user's activity. The quartiles of the source are those
# of ML-25M already; with this noise the most active of 162,541 users have several thousand ratings.
ACTIVITY_NOISE = 0.4

TAIL_DECAY = 5.0  # the rarest new items are drawn exp(5) = 148 times less often than the most frequent ones
USERS_AT_ONCE = 4096


@dataclass(frozen=True)
class MovieLensBootstrap(Dataset):
    """A smoothed bootstrap of the bundled ratings; by default of the size and shape of ML-25M.

    Each new user follows one of the bundled edition: the number of ratings is that user's times log-normal
    noise, scaled to the total. That many of the user's ratings are drawn with replacement, as in the
    bootstrap (Efron, Ann. Statist. 1979); repeated ones are replaced by ratings of anybody. So tastes and
    popularity stay, and no two users are the same. Items with one rating are replaced by the many rare items
    of a larger catalog. Ratings keep value and time.

    Parameters
    ----------
    n_users : int
    n_ratings : int
        Number of ratings, each of another (user, item) pair; at least 20 per user, the minimum of MovieLens.
    n_items : int
        Number of items in the catalog, at least the 9,066 of the source; the rarest may get no rating.
    seed : int
    name : str
        Name of the dataset.
    """

    n_users: int = 162_541
    n_ratings: int = 25_000_095
    n_items: int = 59_047
    seed: int = 42
    name: str = "synthetic-ml-25m"

    def __post_init__(self) -> None:
        require_integer("n_users", self.n_users, minimum=1)
        require_integer("n_ratings", self.n_ratings, minimum=1)
        require_integer("n_items", self.n_items, minimum=1)
        require_integer("seed", self.seed, minimum=0)
        require_text("name", self.name, "text", optional=False)

    def load(self) -> Interactions:
        """Generate the ratings; raise ParameterError if the sizes do not fit together.

        Users are numbered from 1, new items from the largest id of the source.
        """
        bundled = MovieLens(SOURCE, path=str(BUNDLED / SOURCE)).load()
        source = _Source.of(bundled)
        if self.n_items < len(source.item_id):
            rule = f"an integer of at least {len(source.item_id)}, the items of {SOURCE}"
            raise ParameterError("n_items", rule, self.n_items)
        random = np.random.default_rng([self.seed])
        model = random.integers(len(source.activity), size=self.n_users)
        activity = self._activity(source.activity[model], int(source.activity.min()), random)

        n_new = self.n_items - len(source.item_id)
        item_ids = np.append(source.item_id, source.item_id[-1] + 1 + np.arange(n_new))
        user_id = np.repeat(np.arange(1, self.n_users + 1), activity)
        item_id = np.empty(self.n_ratings, dtype=np.int64)
        rating = np.empty(self.n_ratings)
        timestamp = np.empty(self.n_ratings, dtype=np.int64)
        stop = 0
        for block, start in enumerate(range(0, self.n_users, USERS_AT_ONCE)):
            users = slice(start, start + USERS_AT_ONCE)
            random = np.random.default_rng([self.seed, 1 + block])
            item, row = _draw(source, model[users], activity[users], self.n_items, random)
            start, stop = stop, stop + len(row)
            item_id[start:stop] = item_ids[item]
            rating[start:stop] = source.rating[row]
            timestamp[start:stop] = source.timestamp[row]
        return Interactions(user_id, item_id, rating, timestamp, bundled.items, self.name)

    def _activity(self, of_models: IntArray, least: int, random: np.random.Generator) -> IntArray:
        """Return the number of ratings of each user: at least `least`, in total `n_ratings`."""
        most = self.n_items // 2
        if not least * self.n_users <= self.n_ratings <= most * self.n_users:
            rule = f"from {least} to {most} for each of {self.n_users} users, half the items at most"
            raise ParameterError("n_ratings", rule, self.n_ratings)
        noisy = of_models * np.exp(ACTIVITY_NOISE * random.standard_normal(self.n_users))
        # Clipping depends on the scale, and the scale on how many are clipped: bisection.
        low, high = 0.0, most / noisy.min()
        for _ in range(100):
            scale = (low + high) / 2
            total = np.clip(noisy * scale, least, most).sum()
            low, high = (scale, high) if total < self.n_ratings else (low, scale)
        # Rounding the running total, not the terms, makes the sum exact.
        totals = np.rint(np.cumsum(np.clip(noisy * high, least, most))).astype(np.int64)
        totals[-1] = self.n_ratings
        activity: IntArray = np.diff(totals, prepend=0)
        return activity


class _Source(NamedTuple):
    """Ratings to draw from."""

    rating: npt.NDArray[np.float64]
    timestamp: IntArray
    item: IntArray  # of each rating, as a position in item_id
    item_id: IntArray  # ascending
    activity: IntArray  # number of ratings of each user
    first: IntArray  # row of each user's first rating
    rare: npt.NDArray[np.bool_]  # of each rating, whether its item has no other
    rare_item: IntArray  # the items that have one rating

    @classmethod
    def of(cls, ratings: Interactions) -> Self:
        _, first, activity = np.unique(ratings.user_id, return_index=True, return_counts=True)
        item_id, item, count = np.unique(ratings.item_id, return_inverse=True, return_counts=True)
        assert ratings.rating is not None
        assert ratings.timestamp is not None
        return cls(
            rating=ratings.rating,
            timestamp=ratings.timestamp,
            item=item,
            item_id=item_id,
            activity=activity,
            first=first,
            rare=count[item] == 1,
            rare_item=np.flatnonzero(count == 1),
        )


def _draw(
    source: _Source, model: IntArray, activity: IntArray, n_items: int, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw the ratings of users, by their models in the source and their numbers of ratings.

    Return the items, by user and ascending, and the ratings in the source that give value and time.
    """
    tail = np.append(source.rare_item, np.arange(len(source.item_id), n_items))
    missing = activity.copy()
    pair, row = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)  # of incomplete users
    done: list[tuple[IntArray, IntArray]] = []
    attempts = 1
    while missing.any():
        user = np.repeat(np.arange(len(model)), missing * attempts)
        if attempts == 1:
            below = random.random(len(user)) * source.activity[model[user]]
            drawn = source.first[model[user]] + below.astype(np.int64)
        else:
            drawn = random.integers(len(source.item), size=len(user))
        item = source.item[drawn]
        rare = np.flatnonzero(source.rare[drawn])
        item[rare] = tail[_decaying(len(tail), len(rare), random)]

        # Keep the first of equal pairs, and as many of a user's new ones as are missing.
        drawn_pair = user * n_items + item
        unique, place = np.unique(drawn_pair, return_index=True)
        place = np.sort(place[~np.isin(unique, pair, assume_unique=True)])
        owner = user[place]
        place = place[np.arange(len(owner)) - np.searchsorted(owner, owner) < missing[owner]]
        missing -= np.bincount(user[place], minlength=len(model))
        pair, row = np.append(pair, drawn_pair[place]), np.append(row, drawn[place])
        complete = missing[pair // n_items] == 0
        done.append((pair[complete], row[complete]))
        pair, row = pair[~complete], row[~complete]
        attempts *= 2  # what is still missing is rare
    pair, row = (np.concatenate(column) for column in zip(*done, strict=True))
    order = np.argsort(pair)
    return pair[order] % n_items, row[order]


def _decaying(n_choices: int, size: int, random: np.random.Generator) -> IntArray:
    """Draw non-negative integers below `n_choices`, with exponentially decreasing probability."""
    share = -np.log1p(random.random(size) * np.expm1(-TAIL_DECAY)) / TAIL_DECAY
    choices: IntArray = np.minimum((share * n_choices).astype(np.int64), n_choices - 1)
    return choices
