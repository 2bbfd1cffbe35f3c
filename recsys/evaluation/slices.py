"""Metrics of lists by group of users and by group of items."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, Nouns
from recsys.evaluation.accuracy import find_hits
from recsys.evaluation.beyond_accuracy import count_likes
from recsys.evaluation.bootstrap import bootstrap_intervals
from recsys.evaluation.holdout import Targets
from recsys.evaluation.ranking import RankingResult
from recsys.metrics import Interval
from recsys.recommenders import Recommendations

#: Lower ends of the bands of users by the length of their visible history.
HISTORY_BANDS = (0, 1, 10, 30, 100)


@dataclass(frozen=True)
class Slice:
    """A metric of some users, or of some held-out items; `n` is their number."""

    name: str
    n: int
    metric: str
    value: Interval


def slices_of_users(
    result: RankingResult,
    histories: Histories,
    train: Histories,
    metric: str,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    seed: int = 42,
    nouns: Nouns = Nouns(),  # noqa: B008 - immutable
) -> list[Slice]:
    """Return a metric by the number of visible items, and of users who are not in the training data.

    `histories` are those of at least the measured users. Bands without users are left out. `nouns` are the
    words that name the slices.
    """
    lengths = histories.latest.lengths[np.searchsorted(histories.users, result.users)]
    bands: dict[str, npt.NDArray[np.bool_]] = {}
    for low, high in pairwise([*HISTORY_BANDS, np.inf]):
        bands[f"who {nouns.verb} {_between(low, high)} {nouns.items}"] = (lengths >= low) & (lengths < high)
    bands["new to the training data"] = ~np.isin(result.users, train.users)
    found = []
    for name, chosen in bands.items():
        if n := int(np.count_nonzero(chosen)):
            part = result.of_metric(metric, chosen)
            intervals = bootstrap_intervals(part, n_resamples, confidence_level, seed)
            found.append(Slice(f"users {name}", n, metric, intervals[metric]))
    return found


def slices_of_items(
    recommendations: Recommendations,
    targets: Targets,
    train: Histories,
    cutoff: int,
    nouns: Nouns = Nouns(),  # noqa: B008 - immutable
) -> list[Slice]:
    """Return the share of held-out items that are in their user's list, by the popularity of the item.

    The most popular items with a third of the interactions of the training data are "popular", those with the
    next third "medium", the others "rare"; items with as many stand together. Items that are not in the
    training data are left out.
    """
    popularity = count_likes(train)
    by_likes = np.sort(popularity)[::-1]
    thirds = np.searchsorted(np.cumsum(by_likes), by_likes.sum() * np.array([1, 2]) / 3)
    popular, medium = by_likes[np.minimum(thirds, len(by_likes) - 1)] if len(by_likes) else (0, 0)
    likes = popularity[targets.known.item_indices]
    found = _is_listed(recommendations, targets, cutoff)
    bands = {
        "popular": (likes >= popular) & (likes > 0),
        "medium": (likes < popular) & (likes >= medium),
        "rare": (likes < medium) & (likes > 0),
    }
    slices = []
    for name, chosen in bands.items():
        if n := int(np.count_nonzero(chosen)):
            value = float(found[chosen].mean())
            interval = Interval(value, value, value)
            slices.append(Slice(f"held-out {nouns.items}, {name}", n, f"hit_share@{cutoff}", interval))
    return slices


def _is_listed(recommendations: Recommendations, targets: Targets, cutoff: int) -> npt.NDArray[np.bool_]:
    """Return which held-out items are in the first items of their user's list, shape (n_known,)."""
    items = recommendations.item_indices[:, :cutoff]
    hits = find_hits(items, targets)
    known = targets.known
    listed = np.nonzero(hits)[0] * known.n_items + items[hits]
    return np.isin(known.rows * known.n_items + known.item_indices, listed)


def _between(low: float, high: float) -> str:
    if high == np.inf:
        return f"at least {low}"
    return f"{low}" if high == low + 1 else f"{low} to {high - 1}"
