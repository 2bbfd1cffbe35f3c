"""Service: what the endpoints answer, without the web around it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from optuna_sweeper.safe_text import mask_values
from recsys.datasets import TitleError
from recsys.feedback import Feedback, FeedbackLimitError, FeedbackLimits, FeedbackStore, shown
from recsys.models.bundle import flatten
from recsys.serving.errors import ApiError, shortened
from recsys.serving.follower import Follower
from recsys.serving.metrics import Metrics
from recsys.serving.schemas import BatchRequest, FeedbackRequest, Person, RecommendRequest
from recsys.serving.served import Served
from recsys.serving.settings import LIMITS, Settings
from recsys.serving.signed_list import ListSigner

INVALID = 422


class Service:
    """Answers.

    Each method takes the model once, so that its answer is of one version. Requests that ask for what cannot
    be raise `ApiError`.

    Parameters
    ----------
    settings : Settings
    follower : Follower
        Holds the model.
    store : FeedbackStore
    signer : ListSigner
    """

    def __init__(
        self, settings: Settings, follower: Follower, store: FeedbackStore, signer: ListSigner
    ) -> None:
        self.settings, self.follower, self.store, self.signer = settings, follower, store, signer
        self.limits = FeedbackLimits(
            per_user=settings.max_thumbs_per_user,
            per_item=settings.max_thumbs_per_item,
            # With a token it is a program that sends what many people say.
            per_address=settings.max_thumbs_per_address if settings.feedback_token is None else None,
        )
        self.metrics = Metrics(follower, store)

    @property
    def served(self) -> Served:
        """What answers now."""
        served = self.follower.current
        if served is None:
            failure = self.follower.last_failure
            why = failure.message if failure else "The first one is being loaded."
            raise ApiError(503, "no_model", f"No model is served yet. {why}")
        return served

    def recommend(self, asked: RecommendRequest) -> dict[str, Any]:
        """Return the list for one person."""
        served = self.served
        likes = self._likes(served, asked)
        answer = self._lists(served, [likes], asked.k, asked.exclude_seen, asked.explain)[0]
        return {"model_version": served.version, **answer}

    def recommend_batch(self, asked: BatchRequest) -> dict[str, Any]:
        """Return a list for each person."""
        served = self.served
        self._at_most("max_batch", len(asked.users), "users")
        likes = [self._likes(served, person, f"users[{row}].") for row, person in enumerate(asked.users)]
        results = self._lists(served, likes, asked.k, asked.exclude_seen, asked.explain)
        return {"model_version": served.version, "results": results}

    def similar(self, item_id: str, k: int, explain: bool) -> dict[str, Any]:
        """Return what goes with an item."""
        served = self.served
        if item_id not in served.items:
            raise ApiError(404, "unknown_item", f"No item has the id {shortened(item_id)}.")
        item = served.items[item_id]
        answer = self._lists(served, [[item]], k, True, explain)[0]
        return {
            "model_version": served.version,
            "item": {"item_id": item, "title": served.title(item)},
            "recommendations": answer["recommendations"],
        }

    def items(self, search: str, limit: int) -> dict[str, Any]:
        """Return the items that somebody is typing the title of."""
        return {"items": self.served.find(search, limit)}

    def feedback(self, asked: FeedbackRequest, address: str = "") -> dict[str, Any]:
        """Store a thumb from a client's address; when this returns, it is on the disk."""
        shown_list, item = self.signer.read(asked.signed_list), str(asked.item_id)
        if item not in shown_list.items:
            message = f"item_id: {shortened(asked.item_id)} is not in the list that signed_list stands for."
            raise ApiError(INVALID, "not_in_list", message, "item_id")
        place = shown_list.items.index(item)
        feedback = Feedback(
            list_id=shown_list.list_id,
            user_id=str(asked.user_id),
            item_id=item,
            liked=asked.verdict == "up",
            likes=shown_list.likes,
            source=shown_list.sources[place],
            antecedents=shown_list.antecedents[place],
            rank=place + 1,
            model_version=shown_list.model_version,
            created=time.time_ns() // 1_000_000,
            client=self.signer.pseudonym(address),
        )
        try:
            new = self.store.add(feedback, self.limits)
        except FeedbackLimitError as error:
            message = f"{error} (max_thumbs_per_{error.what}) Try again tomorrow."
            raise ApiError(429, "too_many_thumbs", message, headers={"retry-after": "3600"}) from error
        return {"stored": "new" if new else "replaced"}

    def model(self) -> dict[str, Any]:
        """Return which model answers, and what went wrong with the last that did not."""
        served, failure = self.served, self.follower.last_failure
        return {
            "address": shown(self.settings.model),
            "version": served.version,
            "loaded": _utc(served.loaded),
            "n_items": len(served.bundle.item_ids),
            "n_users": len(served.users),
            "metadata": mask_values(served.bundle.metadata),
            "swaps": self.follower.swaps,
            "last_failure": asdict(failure) | {"at": _utc(failure.at)} if failure else None,
            "limits": {name: getattr(self.settings, name) for name in LIMITS},
        }

    def _lists(
        self, served: Served, likes: Sequence[Sequence[Any]], k: int, exclude_seen: bool, explain: bool
    ) -> list[dict[str, Any]]:
        self._at_most("max_k", k, "k")
        n_reasons = self.settings.max_reasons if explain else 0
        lists = served.bundle.recommend(likes, k, exclude_seen, n_reasons)
        self.metrics.count(Counter(one.source for recommendations in lists for one in recommendations))
        return [
            served.answer(row, one) | {"signed_list": self.signer.sign(served.version, row, one)}
            for row, one in zip(map(flatten, likes), lists, strict=True)
        ]

    def _likes(self, served: Served, person: Person, where: str = "") -> list[Any]:
        """Return what a person likes as `Bundle.recommend` takes it; an id that stands twice counts last."""
        if person.items is not None:
            self._at_most("max_items", len(person.items), f"{where}items")
            likes = self._items(served, person.items, f"{where}items")
        elif person.titles is not None:
            self._at_most("max_titles", len(person.titles), f"{where}titles")
            likes = [
                self._by_title(served, title, f"{where}titles[{row}]")
                for row, title in enumerate(person.titles)
            ]
        else:
            user = served.users.get(str(person.user_id))
            if user is None:
                message = f"{where}user_id: the model knows no user {shortened(person.user_id)}."
                raise ApiError(INVALID, "unknown_user", message, f"{where}user_id")
            return served.bundle.steps_of(user) or []
        return list(dict.fromkeys(reversed(likes)))[::-1]

    def _items(self, served: Served, given: Sequence[int | str], where: str) -> list[Any]:
        if served.ids.issuperset(given):  # as nearly all are: the ids themselves, not their text
            return list(given)
        items = list(map(served.items.get, map(str, given)))
        if None in items:
            row = items.index(None)
            self._item(served, given[row], f"{where}[{row}]")
        return items

    def _item(self, served: Served, given: int | str, where: str) -> Any:
        item = served.items.get(str(given))
        if item is None:
            message = f"{where}: no item has the id {shortened(given)}. GET /items?search= finds ids."
            raise ApiError(INVALID, "unknown_item", message, where)
        return item

    def _by_title(self, served: Served, title: str, where: str) -> Any:
        try:
            return served.search.find(title)
        except TitleError as error:
            raise ApiError(INVALID, "unclear_title", f"{where}: {error}", where) from error

    def _at_most(self, setting: str, value: int, where: str) -> None:
        limit = getattr(self.settings, setting)
        if value > limit:
            what = "a number" if where == "k" else "entries"
            message = f"{where} must be at most {limit:,} {what} ({setting}). Got {value:,}."
            raise ApiError(INVALID, "over_limit", message.replace(" a number", ""), where)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
