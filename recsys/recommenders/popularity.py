"""Popularity recommender: the items that most users like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.recommenders.recommender import Reason
from recsys.recommenders.scoring import ScoringModel
from recsys.rules import Rules


@dataclass(frozen=True)
class PopularityRecommender:
    """Recommend what most users of the training part like; the baseline that every other must beat."""

    def fit(self, train: Histories, rules: Rules | None = None) -> PopularityModel:
        """Count the likes; see `recsys.recommenders.Recommender`."""
        return PopularityModel(train)


@dataclass(frozen=True, eq=False)
class PopularityModel(ScoringModel):
    """Scores items by their number of likes."""

    kind: ClassVar[str] = "popularity"

    def scores(self, histories: Histories) -> npt.NDArray[np.float64]:
        """Return the number of users who like each item, the same for everybody."""
        return np.tile(self.popularity.counts, (len(histories), 1))

    def explain_all(
        self,
        history: npt.NDArray[np.int32],
        items: Sequence[int],
        n_reasons: int | None = None,
        ages: npt.NDArray[np.int64] | None = None,
    ) -> list[list[Reason[int]]]:
        """Return one reason for each item: how many users like it."""
        return [[self.popularity.reason(item)] for item in items]
