"""UserHoldout: users whom the recommender has never seen, folded in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.evaluation import Evaluation, Part
from recsys.evaluation.splits.parts import ORDERS, largest_count, order_likes
from recsys.parameters import require_choice, require_share


@dataclass(frozen=True, kw_only=True)
class UserHoldout(Evaluation):
    """Hold out users: nothing of them is learnt from; the first of their likes are shown, the last asked for.

    Known as strong generalisation (Marlin, 2004). Users with too few likes to hold one out are never drawn.

    Parameters
    ----------
    test_size : float in (0, 1)
        Share of the users with enough likes; the largest number c of n with c / n <= share.
    validation_size : float in (0, 1)
        Share of those that the test part leaves.
    held_out_size : float in (0, 1)
        Share of a drawn user's likes that is asked for, by the same rule.
    order : {"time", "random"}
        Which likes are the last; likes of one moment are ordered at random.

    Raises
    ------
    ParameterError
        If a value is outside its rule.
    """

    test_size: float = 0.2
    validation_size: float = 0.2
    held_out_size: float = 0.2
    order: str = "time"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("test_size", self.test_size)
        require_share("validation_size", self.validation_size)
        require_share("held_out_size", self.held_out_size)
        require_choice("order", self.order, ORDERS)

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones."""
        return self.order == "time"

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return what to learn from, and what to measure on."""
        generator = self.generator(part)
        likes = order_likes(positives, self.order, generator)
        n_held_out = largest_count(likes.n_likes, self.held_out_size)
        eligible = np.flatnonzero(n_held_out)
        size = self.test_size if part == "test" else self.validation_size
        n_drawn = int(largest_count(len(eligible), size))
        if not n_drawn:
            rule = f"large enough to draw one of the {len(eligible)} users who have enough likes"
            cure = (
                "Set evaluation.held_out_size higher too, loosen the preprocessing, or set evaluation=none."
            )
            raise ParameterError(f"evaluation.{part}_size", rule, size, cure)
        drawn = np.zeros(len(likes.n_likes), dtype=np.bool_)
        drawn[generator.choice(eligible, n_drawn, replace=False)] = True
        of_drawn = drawn[likes.user]
        last = likes.from_last < n_held_out[likes.user]
        holdout = Holdout(positives.select(of_drawn & ~last), positives.select(of_drawn & last))
        return positives.select(~of_drawn), holdout
