"""Popularity recommender."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.data import Histories
from recsys.recommenders.model import FloatArray, Reason, ScoringModel
from recsys.rules import Rules


@dataclass(frozen=True)
class PopularityRecommender:
    """Recommend the items that most users like; the baseline for every other recommender."""

    def fit(self, train: Histories, rules: Rules | None = None) -> "PopularityModel":
        """Count the likes; see `Recommender`."""
        return PopularityModel(train)


@dataclass(frozen=True, eq=False)
class PopularityModel(ScoringModel):
    """Scores items by their number of likes."""

    def scores(self, histories: Histories) -> FloatArray:
        """Return the number of users who like each item, the same for everybody."""
        return np.tile(self.popularity.counts, (len(histories), 1))

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return one reason for each item: how many users like it."""
        return [[self.popularity.reason(item)] for item in items]
