"""What all recommenders have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.recommenders.recommendations import Recommendations
from recsys.rules import Rules


class Reason(NamedTuple):
    """Why an item is recommended: one rule that fired, or what a model saw.

    Parameters
    ----------
    antecedents : tuple of int
        Positions in the catalogue of the liked items that speak for it; empty for a fallback.
    support_count : int or None
        Number of transactions that hold antecedents and item.
    confidence, lift : float or None
        Of the rule.
    share : float
        Share of the item's score that comes from this reason, 0 to 1; the shares of an item sum to 1.
    """

    antecedents: tuple[int, ...]
    support_count: int | None
    confidence: float | None
    lift: float | None
    share: float


@dataclass(frozen=True)
class State:
    """What a saved model is made of, besides the likes that it was fitted on.

    Parameters
    ----------
    settings : mapping
        Values that JSON can hold.
    arrays : mapping of str to ndarray
    parts : mapping of str to Model
        Models that the model combines.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)


class Model(Protocol):
    """A fitted recommender: recommends for any histories over the catalogue of its training part."""

    kind: ClassVar[str]  # name of the class in a saved bundle

    @property
    def train(self) -> Histories:
        """The histories that it was fitted on."""
        ...

    @property
    def requirements(self) -> tuple[str, ...]:
        """Distributions that serving needs in addition to those of every model."""
        ...

    def state(self) -> State:
        """Return what `from_state` restores an equal model from."""
        ...

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model.

        Raises
        ------
        KeyError, TypeError
            If something is missing.
        """
        ...

    @property
    def items(self) -> npt.NDArray[Any]:
        """Id of each item of the catalogue, ascending."""
        ...

    def recommend(self, histories: Histories, k: int, exclude_seen: bool = True) -> Recommendations:
        """Return the k best items of each user; of equal scores the first in the catalogue."""
        ...

    def explain(self, history: npt.NDArray[np.int32], item: int) -> list[Reason]:
        """Return the reasons for an item, the strongest first."""
        ...

    def explain_all(
        self,
        history: npt.NDArray[np.int32],
        items: Sequence[int],
        n_reasons: int | None = None,
        ages: npt.NDArray[np.int64] | None = None,
    ) -> list[list[Reason]]:
        """Return the reasons for each of some items, the strongest first, at most `n_reasons` of each.

        Those that are left out keep their shares, and what all items need is computed once.

        Parameters
        ----------
        history : ndarray, shape (n_likes,), int32
            Positions in the catalogue, the earliest like first.
        items : sequence of int
            Positions in the catalogue.
        n_reasons : int, optional
            All unless given.
        ages : ndarray, shape (n_likes,), int64, optional
            As `Histories.ages`; each like is later than the one before it unless given.
        """
        ...


class Recommender(Protocol):
    """The settings of a recommender; a group of the configuration.

    Frozen and hashable: what is learnt stands in the model that `fit` returns.
    """

    def fit(self, train: Histories, rules: Rules | None = None) -> Model:
        """Learn from the likes of the training part.

        Parameters
        ----------
        train : Histories
        rules : Rules, optional
            Mined from the same likes, so that their items are those of the catalogue; read by recommenders
            that are made of rules.
        """
        ...
