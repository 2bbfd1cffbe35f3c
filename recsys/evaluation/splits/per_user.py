"""Splits that hold out likes of every user: a share of them, or a number."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.evaluation import Evaluation, Part
from recsys.evaluation.splits.parts import ORDERS, UserOrder, largest_count, order_likes
from recsys.parameters import require_choice, require_integer, require_share


@dataclass(frozen=True, kw_only=True)
class UserShare(Evaluation):
    """Hold out the last share of each user's likes.

    Of n likes the largest number c with c / n <= share is held out. A user with too few likes for one (with
    0.2: fewer than 5) is not measured and goes whole to what is learnt from; who is measured keeps at least
    one visible like.

    Parameters
    ----------
    test_size : float in (0, 1)
        Share of a user's likes.
    validation_size : float in (0, 1)
        Share of those that the test part leaves.
    order : {"time", "random"}
        What "last" means; likes of one moment are ordered at random.

    Raises
    ------
    ParameterError
        If a value is outside its rule.
    """

    test_size: float = 0.2
    validation_size: float = 0.2
    order: str = "time"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("test_size", self.test_size)
        require_share("validation_size", self.validation_size)
        require_choice("order", self.order, ORDERS)

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones."""
        return self.order == "time"

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return what to learn from, and what to measure on."""
        size = self.test_size if part == "test" else self.validation_size
        likes = order_likes(positives, self.order, self.generator(part))
        n_held_out = largest_count(likes.n_likes, size)
        if not n_held_out.any():
            longest = likes.n_likes.max(initial=0)
            rule = f"large enough to hold out one like of a user; the {part} part finds {longest} at most"
            key = f"evaluation.{part}_size"
            cure = _TOO_FEW
            if longest > 1:
                enough = ceil(100 / longest) / 100
                cure = f"Set {key}={enough:g}, loosen the preprocessing, or set evaluation=none."
            raise ParameterError(key, rule, size, cure)
        return _take_last(positives, likes, n_held_out)


@dataclass(frozen=True, kw_only=True)
class LeaveOut(Evaluation):
    """Hold out the last like, or the last few, of each user.

    Users with no more likes than are held out are not measured and go whole to what is learnt from.

    Parameters
    ----------
    n_held_out : int
        Likes of each user in the test part, and as many in the validation part.
    order : {"time", "random"}
        What "last" means; likes of one moment are ordered at random.

    Raises
    ------
    ParameterError
        If a value is outside its rule.
    """

    n_held_out: int = 1
    order: str = "time"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("n_held_out", self.n_held_out, minimum=1)
        require_choice("order", self.order, ORDERS)

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones."""
        return self.order == "time"

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return what to learn from, and what to measure on."""
        likes = order_likes(positives, self.order, self.generator(part))
        n_held_out = np.where(likes.n_likes > self.n_held_out, self.n_held_out, 0)
        if not n_held_out.any():
            longest = likes.n_likes.max(initial=0)
            rule = f"fewer than the likes of some user; the {part} part finds {longest} at most"
            raise ParameterError("evaluation.n_held_out", rule, self.n_held_out, _TOO_FEW)
        return _take_last(positives, likes, n_held_out)


_TOO_FEW = "Loosen the preprocessing, or set evaluation=none."


def _take_last(
    positives: Positives, likes: UserOrder, n_held_out: npt.NDArray[np.int64]
) -> tuple[Positives, Holdout]:
    """Hold out so many of the last likes of each user; the others are learnt from, and visible."""
    held_out = likes.from_last < n_held_out[likes.user]
    measured = n_held_out[likes.user] > 0
    holdout = Holdout(positives.select(measured & ~held_out), positives.select(held_out))
    return positives.select(~held_out), holdout
