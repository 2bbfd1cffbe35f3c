"""Split by time: one moment for all users."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.evaluation import Part, SizedEvaluation
from recsys.evaluation.splits.parts import largest_count, require_timestamps
from recsys.parameters import require_integer


@dataclass(frozen=True, kw_only=True)
class GlobalTime(SizedEvaluation):
    """Hold out all likes from a moment on: no training data is later than an evaluated like.

    Sizes are fractions of all likes, and likes of one second stay together; see `SizedEvaluation`.

    Parameters
    ----------
    test_from, validation_from : str, int or None
        The moment itself, instead of the size: an ISO 8601 date or time (UTC unless it says otherwise), or
        an integer in the unit of the data's timestamps.
    min_history : int
        Users with fewer likes before the moment are not measured, and their later likes are left out; 0
        measures new users too, with an empty history.
    """

    option: ClassVar[str] = "global_time"

    test_from: str | int | None = None
    validation_from: str | int | None = None
    min_history: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _read_moment("test_from", self.test_from)
        _read_moment("validation_from", self.validation_from)
        require_integer("min_history", self.min_history, minimum=0)

    @property
    def n_visible(self) -> int:
        """Number of visible likes that a user needs to be measured."""
        return self.min_history

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones."""
        return True

    def may_learn(self, more: Positives, train: Positives) -> Positives:
        """Return what is not later than the training data."""
        if more.timestamp is None or train.timestamp is None or not len(train):
            return more
        return more.select(more.timestamp <= train.timestamp.max())

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the evaluated part."""
        timestamp, candidates = require_timestamps(positives, self.option), positives.candidates
        moment, key, value = self._moment(timestamp[candidates], part)
        later = timestamp >= moment
        users, user = np.unique(positives.user_id, return_inverse=True)
        history = np.bincount(user[~later & candidates], minlength=len(users))
        held_out = later & (history >= self.min_history)[user]
        if not held_out[candidates].any():
            rule = f"a moment after which some user with {self.min_history} earlier items has another"
            raise ParameterError(key, rule, value, "Set evaluation.min_history=0, or another moment.")
        measured = np.zeros(len(users), dtype=np.bool_)
        measured[user[held_out & candidates]] = True
        holdout = Holdout(positives.select(~later & measured[user]), positives.select(held_out))
        return positives.select(~later), holdout

    def _moment(self, timestamp: npt.NDArray[np.int64], part: Part) -> tuple[int, str, Any]:
        """Return the moment from which likes are held out, and the key and the value that decide it."""
        value: float | str | int | None = self.test_from if part == "test" else self.validation_from
        key = f"evaluation.{part}_from"
        moment = _read_moment(key, value)
        if moment is None:
            value, key = self.size(part), f"evaluation.{part}_size"
            moment = _first_of_share(timestamp, value)
        later = timestamp >= moment
        if later.all() or not later.any():
            rule = f"a moment with items before and after it; they run {_period(timestamp)}"
            cure = _size_that_fits(key, timestamp) if isinstance(value, float) else ""
            raise ParameterError(key, rule, value, cure)
        return moment, key, value


@dataclass(frozen=True, kw_only=True)
class Rolling(GlobalTime):
    """Validate at several moments, each on the likes up to the next one; test as `GlobalTime`.

    The validation part is divided into periods with as many likes each. The training data of a period are
    all likes before it: rolling-origin evaluation (Tashman, "Out-of-sample tests of forecasting accuracy",
    International Journal of Forecasting 2000).

    Parameters
    ----------
    periods : int
        Number of moments.
    """

    option: ClassVar[str] = "rolling"

    periods: int = 3
    validation_size: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("periods", self.periods, minimum=2)

    @property
    def n_folds(self) -> int:
        """Number of validation parts."""
        return self.periods

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the evaluated part; the likes after a period are in neither."""
        if part == "test":
            return super().hold_out(positives, part)
        timestamp = require_timestamps(positives, self.option)
        moments = self._moments(timestamp[positives.candidates])
        if self.fold + 1 < self.periods:
            positives = positives.select(timestamp < moments[self.fold + 1])
        from_moment = replace(self, validation_from=moments[self.fold])
        try:
            return GlobalTime.hold_out(from_moment, positives, part)
        except ParameterError as error:
            rule = f"so few that each period has an item of a user with {self.min_history} earlier ones"
            raise ParameterError("evaluation.periods", rule, self.periods, self._fewer()) from error

    def _fewer(self) -> str:
        if self.periods == 2:
            return "Set evaluation=temporal."
        return f"Set evaluation.periods={self.periods - 1}."

    def _moments(self, timestamp: npt.NDArray[np.int64]) -> list[int]:
        """Return the first moment of each period."""
        start, _, _ = self._moment(timestamp, "validation")
        later = np.sort(timestamp[timestamp >= start])
        moments = later[len(later) * np.arange(self.periods) // self.periods]
        if np.any(np.diff(moments) == 0):
            rule = f"at most the number of distinct times in the validation part, {len(np.unique(later))}"
            raise ParameterError("evaluation.periods", rule, self.periods, self._fewer())
        return [int(moment) for moment in moments]


def _first_of_share(timestamp: npt.NDArray[np.int64], size: float) -> int:
    """Return the first second of the latest share."""
    n_before = len(timestamp) - int(largest_count(len(timestamp), size))
    return int(np.sort(timestamp)[n_before - 1]) + 1


def _size_that_fits(key: str, timestamp: npt.NDArray[np.int64]) -> str:
    """Return, as a cure, a size that holds out the likes of the last second."""
    size = ceil(100 * float((timestamp == timestamp.max()).mean())) / 100
    return f"Set {key}={size:g}." if size < 1 else "Set evaluation=random."


def _read_moment(parameter: str, moment: Any) -> int | None:
    """Return a moment in seconds since 1970, or the integer that it is."""
    if moment is None or (isinstance(moment, Integral) and not isinstance(moment, bool)):
        return None if moment is None else int(moment)
    rule = "a date such as 2017-06-30, a timestamp, or null"
    if not isinstance(moment, str):
        raise ParameterError(parameter, rule, moment)
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        raise ParameterError(parameter, rule, moment) from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def _period(timestamp: npt.NDArray[np.int64]) -> str:
    first, last = int(timestamp.min()), int(timestamp.max())
    days = [np.datetime_as_string(np.datetime64(second, "s"), unit="D") for second in (first, last)]
    return f"from {first} to {last} ({days[0]} to {days[1]})"
