"""Base classes of fitted models and of models that score all items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.parameters import require_integer
from recsys.recommenders.fallback import Popularity
from recsys.recommenders.recommendations import FALLBACK, MODEL, Recommendations
from recsys.recommenders.recommender import Reason, State

SCORES_AT_ONCE = 2**20  # in memory, where they stay in the cache; each takes 8 bytes
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class FittedModel(ABC):
    """A model over the catalogue of its training part, with popularity as fallback.

    Parameters
    ----------
    train : Histories
        What it was fitted on.
    """

    kind: ClassVar[str]

    train: Histories

    @property
    def items(self) -> npt.NDArray[Any]:
        """Id of each item of the catalogue, ascending."""
        return self.train.items

    @cached_property
    def popularity(self) -> Popularity:
        """The likes of each item in the training part."""
        return Popularity.of(self.train)

    @property
    def requirements(self) -> tuple[str, ...]:
        """Distributions that serving needs in addition to those of every model."""
        return ()

    def state(self) -> State:
        """Return what `from_state` restores the model from: the fields after `train`, which are arrays."""
        return State(arrays={field.name: getattr(self, field.name) for field in fields(self)[1:]})

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model; see `recsys.recommenders.Model`."""
        return cls(train, *(state.arrays[field.name] for field in fields(cls)[1:]))

    @abstractmethod
    def recommend(self, histories: Histories, k: int, exclude_seen: bool = True) -> Recommendations:
        """Return the k best items of each user; see `recsys.recommenders.Model`."""

    @abstractmethod
    def explain_all(
        self,
        history: npt.NDArray[np.int32],
        items: Sequence[int],
        n_reasons: int | None = None,
        ages: npt.NDArray[np.int64] | None = None,
    ) -> list[list[Reason[int]]]:
        """Return the reasons for each of some items; see `recsys.recommenders.Model`."""

    def explain(self, history: npt.NDArray[np.int32], item: int) -> list[Reason[int]]:
        """Return the reasons for an item, the strongest first."""
        return self.explain_all(history, [item])[0]

    def check(self, histories: Histories, k: int) -> None:
        """Raise ParameterError if k is not a length, or the histories are over another catalogue."""
        require_integer("k", k, minimum=1)
        if histories.items is not self.items and not np.array_equal(histories.items, self.items):
            raise ParameterError(
                "histories",
                f"over the {len(self.items):,} items that the model was fitted on",
                histories,
                "Make them with Histories.from_pairs(..., items=model.items).",
            )


@dataclass(frozen=True, eq=False)
class ScoringModel(FittedModel):
    """A model that scores all items for a user.

    An item with a score above 0 is recommended by it; the places that are left go by popularity.
    """

    @abstractmethod
    def scores(self, histories: Histories) -> npt.NDArray[np.float64]:
        """Return the score of each item for each user, shape (n_users, n_items).

        The row of a user depends on no other user, to the last bit.
        """

    def scores_of_one(self, history: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Return the scores for one history, shape (n_items,)."""
        scores: npt.NDArray[np.float64] = self.scores(one(history, self.items))[0]
        return scores

    def recommend(self, histories: Histories, k: int, exclude_seen: bool = True) -> Recommendations:
        """Return the k best items of each user; see `recsys.recommenders.Model`."""
        self.check(histories, k)
        lists = Recommendations.empty(len(histories), k)
        for rows, part in portions(histories):
            rank_into(lists[rows], self.scores(part), part, exclude_seen, self.popularity)
        return lists


def rank_into(
    lists: Recommendations,
    scores: npt.NDArray[np.float64],
    histories: Histories,
    exclude_seen: bool,
    popularity: Popularity,
) -> None:
    """Fill lists with the items of the highest positive scores, then with the most popular ones."""
    # Imported here: Numba takes a second, and settings are read without it.
    from recsys.recommenders._ranking_kernel import rank

    ends = rank(
        scores,
        histories.offsets if exclude_seen else np.zeros_like(histories.offsets),
        histories.item_indices,
        popularity.order,
        popularity.counts,
        lists.item_indices,
        lists.scores,
    )
    mark_sources(lists, ends, MODEL)


def mark_sources(lists: Recommendations, ends: npt.NDArray[np.integer[Any]], source: int) -> None:
    """Set the sources of recommendations: `source` up to the first of the two ends, then popularity."""
    place = np.arange(lists.k)
    lists.sources[place < ends[:, 1:]] = FALLBACK
    lists.sources[place < ends[:, :1]] = source


def without_rounding(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Set scores within rounding error of 0 to 0, in place."""
    scores[np.abs(scores) < ROUNDING] = 0.0
    return scores


def one(
    history: npt.NDArray[np.int32], items: npt.NDArray[Any], ages: npt.NDArray[np.int64] | None = None
) -> Histories:
    """Return the histories of a single user; likes of one age are of one moment."""
    steps = np.arange(len(history)) if ages is None else -ages
    return Histories(np.array([0, len(history)]), history, items, np.zeros(1), steps)


def portions(histories: Histories) -> Iterator[tuple[slice, Histories]]:
    """Yield batches of users whose scores fit into memory, each with its rows."""
    size = max(1, SCORES_AT_ONCE // max(1, histories.n_items))
    for start in range(0, len(histories), size):
        rows = slice(start, min(start + size, len(histories)))
        yield rows, histories[rows]
