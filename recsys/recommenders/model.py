"""Interfaces of recommenders and of the models that they fit."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, ItemCatalog
from recsys.errors import ParameterError
from recsys.parameters import require_integer
from recsys.recommenders.recommendations import FALLBACK, MODEL, Recommendations
from recsys.rules import Rules

if TYPE_CHECKING:
    from recsys.explorer import RuleTable

FloatArray = npt.NDArray[np.float64]

Antecedent = TypeVar("Antecedent")


def recency(histories: Histories, half_life: float | None) -> FloatArray:
    """Return 2^(-age / half_life) of each entry, shape (n_entries,); without a half-life 1."""
    if half_life is None:
        return np.ones(len(histories.item_indices))
    values: FloatArray = np.exp2(-histories.ages / half_life)
    return values


WEIGHT = "weight"  # of a rule in the scores, as a measure
SCORES_AT_ONCE = 2**20  # in memory, where they stay in the cache; each takes 8 bytes


#: Pydantic's settings for dataclasses that become JSON: described by docstrings; NaN is not turned into null.
JSON_CONFIG = {"use_attribute_docstrings": True, "ser_json_inf_nan": "constants"}


@dataclass(slots=True)
class Reason(Generic[Antecedent]):
    """Explanation of a recommendation: a rule whose antecedent is in the history, or popularity.

    A model names items and categories by their indices among the extended items (see `Histories.extend`),
    `recsys.models.Bundle` by id and title.
    """

    __pydantic_config__: ClassVar = JSON_CONFIG

    antecedents: tuple[Antecedent, ...]
    """Items of the history that the item is recommended for; empty if it is for its popularity."""
    support_count: int | None
    """Number of users with the antecedents and the item in their history.

    Of a rule between orders: with the item in a later order than the antecedent.
    """
    confidence: float | None
    """Share of the users with the antecedents who also have the item.

    Of a rule between orders: of those who ordered again, and have the item in a later order.
    """
    lift: float | None
    """Confidence divided by the share of all users who have the item."""
    share: float
    """Share of the item's score that is due to this reason, 0 to 1; the shares of an item sum to 1."""
    times: int | None = None
    """In how many of the user's own orders the antecedents stand, of a model of orders.

    The reason for an item that was bought before may be the item itself: then it is its own antecedent.
    """
    category: Antecedent | None = None
    """Category of the item that the rule leads to, in place of the item: the measures are of the category."""
    text: str | None = None
    """The reason in words, where a policy has put the item into the list."""

    def with_share(self, share: float) -> "Reason[Antecedent]":
        """Return the same reason with another share; `dataclasses.replace` takes several times as long."""
        measures = self.support_count, self.confidence, self.lift
        return Reason(self.antecedents, *measures, share, self.times, self.category, self.text)


@dataclass(frozen=True)
class State:
    """Content of a saved model, besides its training data: JSON values, arrays, and models within it."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Popularity:
    """Number of users who like each item: the fallback of all models.

    `counts` has shape (n_items,); `order` holds the item indices, the most popular first, equals by index.
    """

    counts: FloatArray
    order: npt.NDArray[np.int32]

    @classmethod
    def of(cls, train: Histories) -> "Popularity":
        """Count the users of each item."""
        return cls.of_steps(train.latest)

    @classmethod
    def of_steps(cls, train: Histories) -> "Popularity":
        """Count the steps, such as orders, of each item."""
        counts = np.bincount(train.item_indices, minlength=train.n_items).astype(np.float64)
        return cls(counts, np.argsort(-counts, kind="stable").astype(np.int32))

    def reason(self, item: int) -> Reason[int]:
        """Return the reason for a recommendation by popularity: the count."""
        return Reason((), int(self.counts[item]), None, None, 1.0)


@dataclass(frozen=True, eq=False)
class Model(ABC):
    """A fitted recommender: recommends for any histories over the items of its training data."""

    train: Histories

    @property
    def items(self) -> npt.NDArray[Any]:
        """Id of each item, ascending."""
        return self.train.items

    @cached_property
    def popularity(self) -> Popularity:
        """The likes of each item in the training data."""
        return Popularity.of(self.train)

    @property
    def fills_lists(self) -> bool:
        """Whether a list is as long as asked for if enough items may be recommended."""
        return True

    @property
    def requirements(self) -> tuple[str, ...]:
        """Distributions that serving needs in addition to those of every model."""
        return ()

    def rule_table(self, catalog: ItemCatalog) -> "RuleTable | None":
        """Return the rules that the model recommends with, for the explorer; None without rules."""
        return None

    def state(self) -> State:
        """Return what `from_state` restores an equal model from; by default the fields after `train`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        parts = {name: value for name, value in values.items() if isinstance(value, Model)}
        settings = {name: values[name] for name in values if name not in {**arrays, **parts}}
        return State(settings, arrays, parts)

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model; raise KeyError or TypeError if something is missing."""
        values = {**state.settings, **state.arrays, **state.parts}
        return cls(train, *(values[field.name] for field in fields(cls)[1:]))

    def recommend(
        self,
        histories: Histories,
        k: int,
        exclude: Histories | None = None,
        candidates: npt.NDArray[np.bool_] | None = None,
    ) -> Recommendations:
        """Return the k best items of each user; of equal scores the first by index.

        Lists leave out what the same users have in `exclude`, all that they have rated; by default
        their histories. Nothing is left out by `Histories.empty(histories.users, model.items)`. `candidates`,
        shape (n_items,), marks the items that may be recommended at all. Scores depend on neither.
        A `k` that is not a positive integer, histories over other items and of other users in `exclude`, and
        candidates of another shape raise ParameterError.
        """
        require_integer("k", k, minimum=1)
        self._require_items("histories", histories)
        if exclude is None:
            exclude = histories
        self._require_items("exclude", exclude)
        if len(exclude) != len(histories):
            raise ParameterError("exclude", f"of the same {len(histories):,} users as histories", exclude)
        if candidates is not None and candidates.shape != (len(self.items),):
            raise ParameterError("candidates", f"of shape ({len(self.items)},)", candidates.shape)
        others = None if candidates is None else np.flatnonzero(~candidates)
        lists = Recommendations.empty(len(histories), k)
        size = max(1, SCORES_AT_ONCE // max(1, len(self.items)))
        for start in range(0, len(histories), size):
            rows, parts = slice(start, start + size), (histories, exclude)
            if len(histories) > size:
                parts = histories[rows], exclude[rows]
            if others is not None:
                parts = parts[0], parts[1].plus([others] * len(parts[0]))
            self.fill(lists[rows], *parts)
        return lists

    def _require_items(self, parameter: str, histories: Histories) -> None:
        if histories.items is not self.items and not np.array_equal(histories.items, self.items):
            rule = f"over the {len(self.items):,} items that the model was fitted on"
            cure = "Make them with Histories.from_pairs(..., items=model.items)."
            raise ParameterError(parameter, rule, histories, cure)

    @abstractmethod
    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists, for as many users as scores fit into memory; see `rank_into`."""

    @abstractmethod
    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the reasons for each of some items, the strongest first.

        `history` is that of a single user, `items` are indices, and `n_reasons` is the maximum for each item;
        shares are those in all reasons.
        """


class Recommender(Protocol):
    """Settings of a recommender, frozen and hashable; a group of the configuration."""

    def fit(self, train: Histories, rules: Rules | None = None) -> Model:
        """Fit a model to the training data; `rules` are mined from the same data, over the same items.

        If the training data has a hierarchy, they are over its `columns`.
        """


@dataclass(frozen=True, eq=False)
class ScoringModel(Model):
    """A model that scores all items for a user.

    It recommends the items with scores above 0; the remaining places are filled by popularity.
    """

    @abstractmethod
    def scores(self, histories: Histories) -> FloatArray:
        """Return the score of each item for each user, shape (n_users, n_items).

        The row of a user depends on no other user, to the last bit.
        """

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists by score."""
        rank_into(lists, self.scores(histories), exclude, self.popularity)


def rank_into(
    lists: Recommendations,
    scores: FloatArray,
    exclude: Histories,
    popularity: Popularity,
    items: npt.NDArray[np.integer[Any]] | None = None,
    source: int = MODEL,
) -> None:
    """Fill lists with the items of the highest positive scores, then with the most popular ones.

    Those in `exclude` are left out. The columns of `scores` are all items unless `items` are given. Scores
    are multiplied by the factors of the lists, if they have some.
    """
    # Imported here: Numba takes a second, and settings are read without it.
    from recsys.recommenders._ranking_kernel import rank

    if items is None:
        items = np.arange(exclude.n_items)
    if lists.factors is not None:
        scores = scores * lists.factors[items]
    rank(
        scores,
        items,
        exclude.offsets,
        exclude.item_indices,
        popularity.order,
        popularity.counts,
        lists.item_indices,
        lists.scores,
        lists.sources,
        source,
        FALLBACK,
    )
