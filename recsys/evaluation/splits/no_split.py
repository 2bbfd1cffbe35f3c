"""NoSplit: everything is learnt from, no recommendation is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.data import Positives
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.evaluation import Evaluation, Part


@dataclass(frozen=True, kw_only=True)
class NoSplit(Evaluation):
    """Hold out nothing: rules are mined from all likes, as the seed did, and both holdouts are empty."""

    holds_out: ClassVar[bool] = False

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return all likes, and no users."""
        nothing = positives.select(np.empty(0, dtype=np.int64))
        return positives, Holdout(nothing, nothing)
