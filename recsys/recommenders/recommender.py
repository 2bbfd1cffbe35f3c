"""Interfaces of recommenders and of the models that they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.recommenders.recommendations import Recommendations
from recsys.rules import Rules

Antecedent = TypeVar("Antecedent")


@dataclass(slots=True)
class Reason(Generic[Antecedent]):
    """Explanation of a recommendation: a rule whose antecedent is in the history, or popularity.

    A model names items by their positions in the catalog, `recsys.models.Bundle` by id and title.
    """

    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}

    antecedents: tuple[Antecedent, ...]
    """Liked items that the item is recommended for; empty if it is recommended for its popularity."""
    support_count: int | None
    """Number of users who like the antecedents and the item."""
    confidence: float | None
    """Share of the users who like the antecedents that also like the item."""
    lift: float | None
    """How many times as likely that is as on average."""
    share: float
    """Share of the item's score that is due to this reason, 0 to 1; the shares of an item sum to 1."""


@dataclass(frozen=True)
class State:
    """Content of a saved model, besides the histories that it was fitted on.

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

    def explain(self, history: npt.NDArray[np.int32], item: int) -> list[Reason[int]]:
        """Return the reasons for an item, the strongest first."""
        ...

    def explain_all(
        self,
        history: npt.NDArray[np.int32],
        items: Sequence[int],
        n_reasons: int | None = None,
        ages: npt.NDArray[np.int64] | None = None,
    ) -> list[list[Reason[int]]]:
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

    Frozen and hashable; `fit` returns the fitted model.
    """

    def fit(self, train: Histories, rules: Rules | None = None) -> Model:
        """Fit a model to the likes of the training part.

        Parameters
        ----------
        train : Histories
        rules : Rules, optional
            Mined from the same likes, so that their items are those of the catalogue; read by recommenders
            that are made of rules.
        """
        ...
