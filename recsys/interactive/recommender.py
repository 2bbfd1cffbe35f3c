"""A fitted recommender that takes titles: what `recsys.load` returns."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recsys.errors import DataError, ParameterError
from recsys.interactive import html
from recsys.interactive.recommendations import Explanation, RecommendationList
from recsys.models.bundle import Bundle, Item, flatten
from recsys.models.training import load_or_fit

Likes = Sequence[Any]
"""Titles or ids, the latest last; a list within it is one order."""


def load(model: str | Path) -> FittedRecommender:
    """Load a recommender, or fit it.

    Parameters
    ----------
    model : str or Path
        An address of MLflow, such as "models:/recsys@champion" (of the server in MLFLOW_TRACKING_URI, or of
        mlflow.db in the working directory); or the folder of a saved model, a run, a trial or a sweep. Of a
        run, and of the best trial of a sweep, the recommender is fitted on all data.

    Returns
    -------
    FittedRecommender

    Raises
    ------
    recsys.errors.RecsysError
        DataNotFoundError if there is no such model, RegistryError if MLflow cannot be reached, and what a
        run raises if it is fitted.
    """
    return FittedRecommender(load_or_fit(str(model)))


@dataclass(frozen=True, eq=False, repr=False)
class FittedRecommender:
    """A recommender that is fitted: `recommend` and `explain` take titles or ids.

    A title need not be exact: case, accents and the place of "The" do not matter, and a part of it is enough
    where only one item has it. Otherwise TitleError, a DataError, names the candidates.
    """

    bundle: Bundle

    def recommend(
        self,
        likes: Likes = (),
        k: int = 10,
        *,
        user: Any = None,
        seen: Likes = (),
        exclude_seen: bool | None = None,
        exclude: Likes = (),
        only: Likes | None = None,
        categories: Sequence[str] | None = None,
        max_per_category: int | None = None,
        popularity_penalty: float = 0.0,
        n_reasons: int = 2,
    ) -> RecommendationList:
        """Recommend at most `k` items, each with its strongest reasons.

        Parameters
        ----------
        likes : sequence of str or int
            Titles or ids of what is liked or bought, the latest last; a list within it is one order.
        k : int
        user : optional
            Id of a user of the data, whose history then is the `likes`.
        seen : sequence of str or int
            What else is known: it is not recommended.
        exclude_seen : bool, optional
            Leave out `likes` and `seen`; see `recsys.models.bundle.Bundle.recommend` for the default.
        exclude, only : sequence of str or int
            Items that must not be in the list, and the only ones that may be.
        categories : sequence of str, optional
            Only items of at least one of them.
        max_per_category : int, optional
        popularity_penalty : float, -1 to 1
            Above 0 the list is more surprising, below 0 more popular.
        n_reasons : int
            Maximum number of reasons of each item.
        """
        steps, known = self._steps(likes, user), self._ids("seen", seen)
        if user is not None:
            known += self.bundle.seen_of(self._user(user)) or []
        (found,) = self.bundle.recommend(
            [steps],
            k,
            exclude_seen,
            n_reasons,
            [known],
            exclude_items=self._ids("exclude", exclude),
            only_items=None if only is None else self._ids("only", only),
            categories=categories,
            max_per_category=max_per_category,
            popularity_penalty=popularity_penalty,
        )
        return RecommendationList(tuple(found), self._titles(steps), self.bundle.catalog.nouns)

    def explain(
        self, likes: Likes, item: str | int, *, user: Any = None, n_reasons: int | None = None
    ) -> Explanation:
        """Return the reasons for one item, in a list or not; the parameters are those of `recommend`.

        `item` is a title or an id; `n_reasons` limits the reasons, by default all are returned.
        """
        steps, item_id = self._steps(likes, user), self._id(item)
        reasons = self.bundle.explain(steps, item_id, n_reasons)
        (title,) = self.bundle.called.titles([item_id])
        return Explanation(Item(item_id, title), reasons, self._titles(steps), self.bundle.catalog.nouns)

    def save(self, folder: str | Path) -> None:
        """Write the model into a new folder, which `recsys.load` and `python -m recsys serve` read."""
        self.bundle.save(Path(folder))

    def __repr__(self) -> str:
        return f"FittedRecommender({', '.join(f'{name}={value!r}' for name, value in self._facts().items())})"

    def _repr_html_(self) -> str:
        return html.table(["recommender", ""], self._facts().items())

    def _facts(self) -> dict[str, Any]:
        names = ("recommender", "dataset", "n_users", "n_items", "fitted_on")
        facts = self.bundle.metadata
        return {name: facts[name] for name in names if name in facts}

    def _steps(self, likes: Likes, user: Any) -> list[Any]:
        if user is None:
            _require_list("likes", likes)
            return [self._ids("likes", one) if isinstance(one, list) else self._id(one) for one in likes]
        if len(likes):
            raise ParameterError("likes", "empty for a user of the data, whose history counts", likes)
        return self.bundle.steps_of(self._user(user)) or []

    def _ids(self, name: str, items: Likes) -> list[Any]:
        _require_list(name, items)
        return [self._id(one) for one in items]

    def _id(self, item: Any) -> Any:
        if isinstance(item, str):
            return self.bundle.find(item)
        given = item.item() if isinstance(item, np.generic) else item
        if not _may_be_id(given) or not (self.bundle.knows(given) or str(given) in self._known):
            raise DataError(f"No item has the id {item!r}. Titles and ids that are text stand in quotes.")
        # As pandas stores integers in a column with missing values.
        is_whole = isinstance(given, float) and given.is_integer() and str(given) not in self._known
        return int(given) if is_whole else given

    @cached_property
    def _known(self) -> set[str]:
        return set(map(str, self.bundle.catalog.item_id.tolist()))

    def _user(self, user: Any) -> Any:
        given = user.item() if isinstance(user, np.generic) else user
        if not _may_be_id(given) or self.bundle.steps_of(given) is None:
            users = self.bundle.histories.users.tolist()
            example = f" Give another, such as {users[0]!r}." if users else ""
            raise DataError(f"user: the model knows no user {user!r}.{example}")
        return given

    def _titles(self, steps: list[Any]) -> tuple[str, ...]:
        return tuple(self.bundle.called.titles(list(dict.fromkeys(flatten(steps)))))


def _may_be_id(given: Any) -> bool:
    return isinstance(given, Hashable) and not isinstance(given, bool)  # Python takes True for 1


def _require_list(name: str, items: Any) -> None:
    if isinstance(items, str) or not isinstance(items, Sequence | np.ndarray):
        is_one = isinstance(items, str | int | float | np.generic)
        cure = f"Give [{items!r}]." if is_one else f"Give list({name})."
        raise ParameterError(name, "a list of titles or ids", items, "" if items is None else cure)
