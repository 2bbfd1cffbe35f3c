"""Evaluation: what all ways to split and measure have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout, Split
from recsys.parameters import require_integer, require_share
from recsys.preprocessing import Preprocessing

Part = Literal["test", "validation"]
_STREAM: dict[Part, int] = {"test": 0, "validation": 1}


@dataclass(frozen=True, kw_only=True)
class Evaluation(ABC):
    """How recommendations are measured: which likes are held out, how long the lists are, how sure one is.

    The test part is held out of all likes, the validation part of what is left, by the same rule: the
    question of a search is that of the final measure, asked a little earlier.

    Parameters
    ----------
    cutoffs : sequence of int
        Lengths of the lists at which each metric is taken; kept ascending, each once.
    n_resamples : int
        Bootstrap resamples of the users for the intervals.
    confidence_level : float
        Of the intervals, in (0, 1).
    seed : int
        Of everything drawn: users, likes, ties in time, resamples.

    Raises
    ------
    ParameterError
        If a value is outside its rule.
    """

    holds_out: ClassVar[bool] = True
    """Whether likes are held out, so that recommendations can be measured."""

    cutoffs: tuple[int, ...] = (5, 10, 20)
    n_resamples: int = 1000
    confidence_level: float = 0.95
    seed: int = 42

    def __post_init__(self) -> None:
        object.__setattr__(self, "cutoffs", read_cutoffs(self.cutoffs))
        require_integer("n_resamples", self.n_resamples, minimum=1)
        require_share("confidence_level", self.confidence_level)
        require_integer("seed", self.seed, minimum=0)

    @property
    def k(self) -> int:
        """Length of the lists to ask for: the largest cut-off."""
        return self.cutoffs[-1]

    @property
    def n_visible(self) -> int:
        """Number of visible likes that a user needs to be measured."""
        return 1

    def split(self, positives: Positives) -> Split:
        """Take the candidates for likes apart; they are ordered as `Positives` says, by user, then item.

        What is no candidate is neither counted nor drawn: it stands on the side of its time (or of chance).

        Raises
        ------
        ParameterError
            If the data cannot be split so, or a part would be empty.
        """
        train_and_validation, test = self.hold_out(positives, "test")
        train, validation = self.hold_out(train_and_validation, "validation")
        return Split(train, validation, train_and_validation, test)

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones, so that equal times can matter."""
        return False

    def may_learn(self, more: Positives, train: Positives) -> Positives:
        """Return what may be learnt from, beside a training part, of users who are never measured."""
        return more

    @abstractmethod
    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return what to learn from, and what to measure on."""

    def choose_likes(self, holdout: Holdout, train: Positives, preprocessing: Preprocessing) -> Holdout:
        """Keep the likes of a holdout, by what training and the visible part tell.

        With orders, held-out items are those that are new to the user, each once.

        Raises
        ------
        ParameterError
            If no user is left to measure.
        """
        visible = preprocessing.likes_of(holdout.visible, holdout.visible, train)
        held_out = preprocessing.likes_of(holdout.held_out, holdout.visible, train)
        shown, counts = np.unique(visible.user_id, return_counts=True)
        few = np.setdiff1d(holdout.users, shown[counts >= self.n_visible]) if self.n_visible else shown[:0]
        held_out = held_out.select(~np.isin(held_out.user_id, few)).first_of(visible)
        if len(holdout) and not len(held_out):
            rule = "such that a user with visible likes has a held-out one"
            cure = "Loosen the preprocessing, or set evaluation=none."
            raise ParameterError("preprocessing.likes", rule, preprocessing.likes_rule, cure)
        return Holdout(visible.select(np.isin(visible.user_id, held_out.user_id)), held_out)

    def generator(self, part: Part) -> np.random.Generator:
        """Return the generator of a part; the two parts draw independently."""
        return np.random.default_rng([self.seed, _STREAM[part]])


def read_cutoffs(given: Any) -> tuple[int, ...]:
    """Return cut-offs ascending and each once.

    Raises
    ------
    ParameterError
        Unless they are a list of at least one positive integer.
    """
    if not isinstance(given, (list, tuple)) or not given:
        raise ParameterError("cutoffs", "a list of at least one length", given, "For example [5, 10, 20].")
    return tuple(sorted({require_integer("cutoffs", cutoff, minimum=1) for cutoff in given}))
