"""Splits by user: the last likes of every user, or those of some users who are not in the training data."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.evaluation import LastEvaluation, Part, SizedEvaluation
from recsys.evaluation.splits.parts import UserOrder, largest_count, one_of, order_likes
from recsys.parameters import require_integer, require_share


@dataclass(frozen=True, kw_only=True)
class UserShare(SizedEvaluation, LastEvaluation):
    """Hold out the last fraction of each user's likes.

    Users with too few likes to hold one out (with 0.2: fewer than 5) are not measured; all their likes are
    training data. Measured users keep at least one visible like. See `SizedEvaluation`, `LastEvaluation`.
    """

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the evaluated part."""
        size, likes = self.size(part), order_likes(positives, self.order, self.generator(part))
        n_held_out = largest_count(likes.n_likes, size)
        if not n_held_out.any():
            longest = likes.n_likes.max(initial=0)
            rule = f"large enough to hold out one item of a user; the {part} part finds {longest} at most"
            key, cure = f"evaluation.{part}_size", _TOO_FEW
            if longest > 1:
                cure = f"Set {key}={one_of(longest)}, loosen the preprocessing, or set evaluation=none."
            raise ParameterError(key, rule, size, cure)
        return _take_last(positives, likes, n_held_out)


@dataclass(frozen=True, kw_only=True)
class LeaveOut(LastEvaluation):
    """Hold out the last like, or the last few, of each user.

    Users with no more likes than are held out are not measured; all their likes are training data. See
    `LastEvaluation`.

    Parameters
    ----------
    n_held_out : int
        Likes, or orders, of each user in the test part, and as many in the validation part.
    """

    n_held_out: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("n_held_out", self.n_held_out, minimum=1)

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the evaluated part."""
        likes = order_likes(positives, self.order, self.generator(part))
        n_held_out = np.where(likes.n_likes > self.n_held_out, self.n_held_out, 0)
        if not n_held_out.any():
            longest = likes.n_likes.max(initial=0)
            rule = f"fewer than the items of some user; the {part} part finds {longest} at most"
            # One user keeps a like when both parts have taken so many; the test part was possible.
            fits = max((longest - 1) // 2, self.n_held_out // 2 if part == "validation" else 0)
            cure = f"Set evaluation.n_held_out={fits}, or evaluation=none." if fits else _TOO_FEW
            raise ParameterError("evaluation.n_held_out", rule, self.n_held_out, cure)
        return _take_last(positives, likes, n_held_out)


_TOO_FEW = "Loosen the preprocessing, or set evaluation=none."


def _take_last(
    positives: Positives, likes: UserOrder, n_held_out: npt.NDArray[np.int64]
) -> tuple[Positives, Holdout]:
    """Hold out so many of the last likes of each user; the others are training data, and visible."""
    held_out = likes.from_last < n_held_out[likes.user]
    measured = n_held_out[likes.user] > 0
    holdout = Holdout(positives.select(measured & ~held_out), positives.select(held_out))
    return positives.select(~held_out), holdout


@dataclass(frozen=True, kw_only=True)
class UserHoldout(SizedEvaluation, LastEvaluation):
    """Hold out users: none of their likes are training data; the first are visible, the last held out.

    Known as strong generalisation (Marlin, 2004). Sizes are fractions of the users with enough likes to hold
    one out; see `SizedEvaluation`, `LastEvaluation`.

    Parameters
    ----------
    held_out_size : float in (0, 1)
        Fraction of a user's likes that is held out, by the same rule.
    """

    held_out_size: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("held_out_size", self.held_out_size)

    @property
    def draws(self) -> bool:
        """Users are drawn, also where their last likes are held out."""
        return True

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the evaluated part."""
        size, generator = self.size(part), self.generator(part)
        likes = order_likes(positives, self.order, generator)
        n_held_out = largest_count(likes.n_likes, self.held_out_size)
        eligible = np.flatnonzero(n_held_out)
        n_drawn = int(largest_count(len(eligible), size))
        if not n_drawn:
            rule = f"large enough to draw one of the {len(eligible)} users who have enough items"
            cure = _TOO_FEW
            if len(eligible) > 1:
                cure = f"Set evaluation.{part}_size={one_of(len(eligible))}, or evaluation=none."
            elif int((likes.n_likes > 1).sum()) > len(eligible):
                cure = "Set evaluation.held_out_size=0.5, or evaluation=none."
            raise ParameterError(f"evaluation.{part}_size", rule, size, cure)
        drawn = np.zeros(len(likes.n_likes), dtype=np.bool_)
        drawn[generator.choice(eligible, n_drawn, replace=False)] = True
        of_drawn = drawn[likes.user]
        last = likes.from_last < n_held_out[likes.user]
        holdout = Holdout(positives.select(of_drawn & ~last), positives.select(of_drawn & last))
        return positives.select(~of_drawn), holdout
