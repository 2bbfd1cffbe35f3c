"""Evaluation: what all ways to split and measure have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from recsys.data import Interactions, Positives
from recsys.errors import DataNotFoundError, ParameterError
from recsys.evaluation.holdout import Holdout, Split
from recsys.parameters import require_choice, require_integer, require_share, require_text
from recsys.policies import Policies
from recsys.preprocessing import Preprocessing
from recsys.recommenders import Recommender

Part = Literal["test", "validation"]
_STREAM: dict[Part, int] = {"test": 0, "validation": 1}

#: By time: hold out the latest likes. At random: also for data without times.
ORDERS = ("time", "random")


@dataclass(frozen=True, kw_only=True)
class Evaluation(ABC):
    """How recommendations are measured.

    The test part is held out of all likes, the validation part of the remaining ones, by the same rule. What
    a user has rated before the first held-out like, liked or not, is visible and, unless the evaluation
    `repeats`, not recommended. Values out of range raise ParameterError.

    Parameters
    ----------
    cutoffs : sequence of int
        List lengths at which each metric is computed; kept ascending, each once.
    n_resamples : int
        Bootstrap resamples of the users for the intervals.
    confidence_level : float in (0, 1)
        Of the intervals.
    seed : int
        Of everything drawn: users, likes, ties in time, resamples.
    replicates : int
        Validation parts, drawn one by one from what the test part leaves; metrics are their means. Above 1
        only where likes or users are drawn at random.
    fold : int
        Which of the validation parts this evaluation has; see `folds`.
    policies : str, optional
        File of policies that all lists follow; see `recsys.policies.Policies`.
    """

    holds_out: ClassVar[bool] = True
    """Whether likes are held out, so that recommendations can be measured."""
    repeats: ClassVar[bool] = False
    """Whether what a user had before may be recommended again, and is to be found."""

    cutoffs: tuple[int, ...] = (5, 10, 20)
    n_resamples: int = 1000
    confidence_level: float = 0.95
    seed: int = 42
    replicates: int = 1
    fold: int = 0
    policies: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cutoffs", read_cutoffs(self.cutoffs))
        require_integer("n_resamples", self.n_resamples, minimum=1)
        require_share("confidence_level", self.confidence_level)
        require_integer("seed", self.seed, minimum=0)
        if require_integer("replicates", self.replicates, minimum=1) > 1 and not self.draws:
            rule = "1 where items are held out by time, so that all parts would be alike"
            cure = "Set evaluation=rolling for several moments in time."
            raise ParameterError("evaluation.replicates", rule, self.replicates, cure)
        require_integer("fold", self.fold, minimum=0)
        require_text("policies", self.policies, "the path of a file of policies, or null")

    @property
    def k(self) -> int:
        """Length of the recommendation lists: the largest cut-off."""
        return self.cutoffs[-1]

    @property
    def n_visible(self) -> int:
        """Number of visible likes that a user needs to be measured."""
        return 1

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones, so that equal times can matter."""
        return False

    @property
    def draws(self) -> bool:
        """Whether likes or users are drawn at random."""
        return not self.is_by_time

    def for_data(self, interactions: Interactions, candidates: Callable[[], Positives]) -> "Evaluation":
        """Return the evaluation for some interactions, of which a function returns the candidates: itself."""
        return self

    def for_engine(self) -> "Evaluation":
        """Return the evaluation for interactions that stay in an engine: itself."""
        return self

    def recommender_for(self, recommender: Recommender) -> Recommender:
        """Return a recommender with what it leaves to the evaluation; most leave nothing."""
        return recommender

    def read_policies(self) -> Policies | None:
        """Read the policies that lists follow; None if there are none.

        DataNotFoundError is raised if there is no file, DataFormatError if it is invalid.
        """
        if self.policies is None:
            return None
        path = Path(self.policies).expanduser()
        if not path.is_file():
            raise DataNotFoundError(f"evaluation.policies: there is no file {path}.")
        return Policies.read(path)

    def folds(self, part: Part) -> list[Self]:
        """Return the evaluations whose metrics are averaged; the test part is always one."""
        return [replace(self, fold=fold) for fold in range(self.n_folds if part == "validation" else 1)]

    @property
    def n_folds(self) -> int:
        """Number of validation parts."""
        return self.replicates

    def split(self, positives: Positives) -> Split:
        """Split the candidates for likes; raise ParameterError if a part would be empty.

        The other entries are neither counted nor drawn: they go to the side of their time, or of chance.
        """
        train_and_validation, test = self.hold_out(positives, "test")
        train, validation = self.hold_out(train_and_validation, "validation")
        return Split(train, validation, train_and_validation, test)

    @abstractmethod
    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the evaluated part."""

    def may_learn(self, more: Positives, train: Positives) -> Positives:
        """Return what may be added to the training data, of users who are never measured."""
        return more

    def choose_likes(self, holdout: Holdout, train: Positives, preprocessing: Preprocessing) -> Holdout:
        """Keep the likes of a holdout, by the training data and the visible part.

        Unless the evaluation `repeats`, nothing that is visible is recommended, liked or not
        (`Holdout.seen`), and with orders held-out items are those that are new to the user, each once. If no
        user is left, ParameterError is raised.
        """
        visible = preprocessing.likes_of(holdout.visible, holdout.visible, train)
        held_out = preprocessing.likes_of(holdout.held_out, holdout.visible, train)
        shown, counts = np.unique(visible.user_id, return_counts=True)
        few = np.setdiff1d(holdout.users, shown[counts >= self.n_visible]) if self.n_visible else shown[:0]
        held_out = held_out.select(~np.isin(held_out.user_id, few))
        if not self.repeats:
            held_out = held_out.first_of(holdout.visible)
        if len(holdout) and not len(held_out):
            if preprocessing.likes != "user_mean":
                rule = "next_basket where all held-out items are ones that the user had before"
                raise ParameterError(
                    "evaluation", rule, type(self).__name__, "Set evaluation=next_basket, or evaluation=none."
                )
            rule = "such that a user with visible items has a held-out one"
            cure = "Set preprocessing.likes=all, or evaluation=none."
            raise ParameterError("preprocessing.likes", rule, preprocessing.likes_rule, cure)
        visible, rated = (
            part.select(np.isin(part.user_id, held_out.user_id)) for part in (visible, holdout.visible)
        )
        return Holdout(visible, held_out, rated, self.repeats)

    def generator(self, part: Part) -> np.random.Generator:
        """Return the generator of a part; the two parts, and the folds, draw independently."""
        fold = [self.fold] if self.fold and part == "validation" else []
        return np.random.default_rng([self.seed, _STREAM[part], *fold])


@dataclass(frozen=True, kw_only=True)
class NoSplit(Evaluation):
    """Hold out nothing: all likes are training data, and both evaluated parts are empty."""

    holds_out: ClassVar[bool] = False

    @property
    def n_folds(self) -> int:
        """One: nothing is measured."""
        return 1

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return all likes, and no users."""
        nothing = positives.select(np.empty(0, dtype=np.int64))
        return positives, Holdout(nothing, nothing)


@dataclass(frozen=True, kw_only=True)
class SizedEvaluation(Evaluation):
    """An evaluation whose parts have sizes.

    Parameters
    ----------
    test_size, validation_size : float in (0, 1)
        Fraction of the test part, and of the validation part in what the test part leaves: of n the largest
        count c with c / n <= size.
    """

    test_size: float = 0.2
    validation_size: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("test_size", self.test_size)
        require_share("validation_size", self.validation_size)

    def size(self, part: Part) -> float:
        """Return the size of a part."""
        return self.test_size if part == "test" else self.validation_size


@dataclass(frozen=True, kw_only=True)
class LastEvaluation(Evaluation):
    """An evaluation that holds out the last likes, or orders, of each user.

    Parameters
    ----------
    order : {"time", "random"}
        Order that defines the last ones. By time, whole orders are held out where users have orders; ties in
        time are broken at random.
    """

    order: str = "time"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice("order", self.order, ORDERS)

    @property
    def is_by_time(self) -> bool:
        """Whether held-out likes are the latest ones."""
        return self.order == "time"


def read_cutoffs(given: Any) -> tuple[int, ...]:
    """Return cut-offs ascending, each once; raise ParameterError unless they are positive integers."""
    if not isinstance(given, (list, tuple)) or not given:
        raise ParameterError("cutoffs", "a list of at least one length", given, "For example [5, 10, 20].")
    return tuple(sorted({require_integer("cutoffs", cutoff, minimum=1) for cutoff in given}))
