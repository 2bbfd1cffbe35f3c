"""Responses of the endpoints, without the web framework."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from optuna_sweeper.safe_text import mask_values, masked
from recsys.datasets import TitleError
from recsys.feedback import Feedback, FeedbackLimitError, FeedbackStore
from recsys.models.bundle import Item, flatten
from recsys.serving import schemas
from recsys.serving.errors import ApiError, quoted
from recsys.serving.explorer_content import ExplorerContent
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.metrics import Metrics
from recsys.serving.reloader import ModelReloader
from recsys.serving.settings import Settings
from recsys.serving.signed_list import ListSigner


class Service:
    """Answers requests, each by one version of the model; raises `ApiError` if that is not possible.

    `run` are the rules of a run, which the explorer shows instead of those of the model.
    """

    def __init__(
        self,
        settings: Settings,
        reloader: ModelReloader,
        store: FeedbackStore | None,
        signer: ListSigner,
        run: ExplorerContent | None = None,
    ) -> None:
        self.settings, self.reloader, self.store, self.signer = settings, reloader, store, signer
        self.run = run
        self.limits = {"user": settings.max_thumbs_per_user, "item": settings.max_thumbs_per_item}
        if settings.feedback_token is None:  # with a token, a program sends the feedback of many people
            self.limits["address"] = settings.max_thumbs_per_address
        self.metrics = Metrics(reloader, store)

    def recommend(self, request: schemas.RecommendRequest) -> schemas.RecommendResponse:
        """Return the list for one person."""
        model = self._model()
        (answer,) = self._lists(model, [self._rated(model, request)], request)
        return schemas.RecommendResponse(**vars(answer), model_version=model.version)

    def recommend_batch(self, request: schemas.BatchRequest) -> schemas.BatchResponse:
        """Return a list for each person."""
        model = self._model()
        self._check_limit("max_batch", len(request.users), "users")
        rated = [self._rated(model, person, f"users[{row}].") for row, person in enumerate(request.users)]
        results = self._lists(model, rated, request)
        return schemas.BatchResponse(model.version, results)

    def similar(self, item_id: str, options: schemas.ListOptions) -> schemas.SimilarResponse:
        """Return the list for a person with one item."""
        model = self._model()
        if item_id not in model.items:
            raise ApiError(404, "unknown_item", f"No item has the id {quoted(item_id)}.")
        item = model.items[item_id]
        (answer,) = self._lists(model, [([item], [])], options)
        (title,) = model.bundle.catalog.titles([item])
        return schemas.SimilarResponse(model.version, Item(item, title), answer.recommendations)

    def items(self, search: str, limit: int) -> schemas.ItemsResponse:
        """Return items of the model by the beginning of their title, the most popular first."""
        model = self._model()
        catalog, ids, n_likes = model.search.catalog, model.searched, model.n_likes
        rows = [row for row in model.search.beginning(search) if ids[row] in n_likes]
        rows.sort(key=lambda row: -n_likes[ids[row]])
        return schemas.ItemsResponse(
            [
                schemas.FoundItem(
                    ids[row], catalog.title[row], list(catalog.categories[row]), n_likes[ids[row]]
                )
                for row in rows[:limit]
            ]
        )

    def feedback(self, request: schemas.FeedbackRequest, address: str = "") -> schemas.FeedbackResponse:
        """Store or withdraw a thumb from a client's address; when this returns, that is on disk."""
        if self.store is None:
            raise ApiError(404, "no_feedback", "This service takes no feedback.")
        withdrawn = request.verdict == "withdrawn"
        # Whoever judged may take it back at any time; only new thumbs need a list that was shown lately.
        shown = self.signer.read(request.signed_list, str(request.item_id), of_any_age=withdrawn)
        if shown is None:
            message = f"item_id: {quoted(request.item_id)} is not in the list that signed_list stands for."
            raise ApiError(422, "not_in_list", message, "item_id")
        if withdrawn:
            self.store.withdraw(shown["list_id"], shown["item_id"])
            return schemas.FeedbackResponse("withdrawn")
        feedback = Feedback(
            **shown,
            user_id=str(request.user_id),
            liked=request.verdict == "up",
            created=time.time_ns() // 1_000_000,
            client=self.signer.pseudonym(address),
        )
        try:
            is_new = self.store.add(feedback, self.limits)
        except FeedbackLimitError as error:
            message = f"{error} (max_thumbs_per_{error.what}) Try again tomorrow."
            raise ApiError(429, "too_many_thumbs", message, headers={"retry-after": "3600"}) from error
        return schemas.FeedbackResponse("new" if is_new else "replaced")

    def model(self) -> schemas.ModelResponse:
        """Return the served version and the last failure."""
        model = self._model()
        return schemas.ModelResponse(
            address=masked(self.settings.model),
            version=model.version,
            loaded=datetime.fromtimestamp(model.loaded, UTC).isoformat(timespec="seconds"),
            n_items=len(model.n_likes),
            n_users=len(model.users),
            nouns=model.bundle.catalog.nouns,
            metadata=mask_values(model.bundle.metadata),
            swaps=self.reloader.swaps,
            last_failure=self.reloader.last_failure,
            limits=self.settings.limits,
            has_orders=model.bundle.has_orders,
            categories=list(model.bundle.category_index.members),
            policies=self.policies(),
            accepts_feedback=self.store is not None,
            has_explorer=self.settings.explorer,
        )

    def explorer_content(self) -> ExplorerContent:
        """Return the rules of the run, or those of the model."""
        return self._model().explorer_content if self.run is None else self.run

    def policies(self) -> schemas.PoliciesState | None:
        """Return the state of the policies, None without a file."""
        policies = self.reloader.policies
        if policies is None:
            return None
        loaded = datetime.fromtimestamp(policies.loaded, UTC).isoformat(timespec="seconds")
        return schemas.PoliciesState(policies.version, loaded, policies.swaps, policies.last_failure)

    def _model(self) -> LoadedModel:
        model = self.reloader.current
        if model is None:
            failure = self.reloader.last_failure
            why = failure.message if failure else "The first one is being loaded."
            raise ApiError(503, "no_model", f"No model is served yet. {why}")
        return model

    def _lists(
        self,
        model: LoadedModel,
        rated: Sequence[tuple[Sequence[Any], Sequence[Any]]],
        options: schemas.ListOptions,
    ) -> list[schemas.Recommendations]:
        """Return a list for each pair of likes and other seen items."""
        self._check_limit("max_k", options.k, "k")
        length = options.offset + options.k
        if options.offset:
            self._check_limit("max_k", length, "offset + k")
        n_reasons = self.settings.max_reasons if options.explain else 0
        likes, seen = [pair[0] for pair in rated], [pair[1] for pair in rated]
        lists = model.bundle.recommend(
            likes, length, options.exclude_seen, n_reasons, seen, **self._limits(model, options)
        )
        lists = [row[options.offset :] for row in lists]
        self.metrics.count(Counter(one.source for recommendations in lists for one in recommendations))
        answers = []
        for given, recommendations in zip(likes, lists, strict=True):
            row = _distinct(given)
            known, ignored = row, []
            if not model.known.issuperset(row):
                known = [item for item in row if item in model.known]
                ignored = [item for item in row if item not in model.known]
            # Of a history of orders, an accepted item completes the latest.
            basket = _distinct(given[-1:]) if model.bundle.has_orders and list in map(type, given) else row
            signed = self.signer.sign(model.version, basket, recommendations, options.offset + 1)
            answers.append(schemas.Recommendations(known, ignored, recommendations, signed))
        return answers

    def _limits(self, model: LoadedModel, options: schemas.ListOptions) -> dict[str, Any]:
        """Return the options of which items a list may hold and prefers, as `Bundle.recommend` takes them."""
        limits: dict[str, Any] = {"popularity_penalty": options.popularity_penalty}
        if options.exclude_items:
            limits["exclude_items"] = self._ids(model, options.exclude_items, "exclude_items")
        if options.only_items is not None:
            limits["only_items"] = self._ids(model, options.only_items, "only_items")
        if options.categories is not None:
            self._check_limit("max_categories", len(options.categories), "categories")
            limits["categories"] = [
                _find_category(model, name, f"categories[{row}]")
                for row, name in enumerate(options.categories)
            ]
        if options.max_per_category is not None:
            self._check_limit("max_k", options.max_per_category, "max_per_category")
            limits["max_per_category"] = options.max_per_category
        return limits

    def _rated(
        self, model: LoadedModel, person: schemas.Person, where: str = ""
    ) -> tuple[list[Any], list[Any]]:
        """Return likes and other seen items as `Bundle.recommend` takes them."""
        seen = self._ids(model, person.seen, f"{where}seen")
        if person.user_id is not None:
            user = model.users.get(str(person.user_id))
            if user is None:
                message = f"{where}user_id: the model knows no user {quoted(person.user_id)}."
                raise ApiError(422, "unknown_user", message, f"{where}user_id")
            return model.bundle.steps_of(user) or [], [*(model.bundle.seen_of(user) or []), *seen]
        if person.titles is not None:
            self._check_limit("max_titles", len(person.titles), f"{where}titles")
            likes: list[Any] = [
                _find_title(model, title, f"{where}titles[{row}]") for row, title in enumerate(person.titles)
            ]
        elif person.history is not None:
            likes = self._orders(model, person.history, f"{where}history")
        else:
            likes = self._ids(model, person.items or [], f"{where}items")
        return likes, seen

    def _orders(self, model: LoadedModel, history: Sequence[Any], where: str) -> list[Any]:
        """Return the orders of a history, or a basket as `Bundle.recommend` takes it: items of one moment."""
        if not history or not isinstance(history[0], list):
            basket = self._ids(model, history, where)
            return basket if model.bundle.has_orders else [basket]
        self._check_limit("max_orders", len(history), where)
        self._check_limit("max_items", sum(map(len, history)), where)
        return [self._ids(model, order, f"{where}[{row}]") for row, order in enumerate(history)]

    def _ids(self, model: LoadedModel, given: Sequence[Any], where: str) -> list[Any]:
        """Return ids of the model or its catalog."""
        self._check_limit("max_items", len(given), where)
        ids = list(given)
        if not model.ids.issuperset(ids):  # ids may be given as text
            ids = list(map(model.items.get, map(str, given)))
            if None in ids:
                row = ids.index(None)
                place = f"{where}[{row}]"
                message = f"{place}: no item has the id {quoted(given[row])}. GET /items?search= finds ids."
                raise ApiError(422, "unknown_item", message, place)
        return ids

    def _check_limit(self, setting: str, value: int, where: str) -> None:
        limit = getattr(self.settings, setting)
        if value > limit:
            most = f"{limit:,}" if setting == "max_k" else f"{limit:,} entries"
            raise ApiError(
                422, "over_limit", f"{where} must be at most {most} ({setting}). Got {value:,}.", where
            )


def _distinct(row: Sequence[Any]) -> list[Any]:
    """Return the ids of a row of likes, each at its last place."""
    ids = flatten(row)
    return ids if len(set(ids)) == len(ids) else list(dict.fromkeys(reversed(ids)))[::-1]


def _find_category(model: LoadedModel, name: str, where: str) -> str:
    index = model.bundle.category_index
    found = index.named(name)
    if found is None:
        similar = ", ".join(map(quoted, index.similar(name)))
        hint = f"Similar: {similar}." if similar else "The items of the model have none."
        raise ApiError(
            422, "unknown_category", f"{where}: there is no category {quoted(name)}. {hint}", where
        )
    return found


def _find_title(model: LoadedModel, title: str, where: str) -> Any:
    try:
        return model.search.find(title)
    except TitleError as error:
        raise ApiError(422, "unclear_title", f"{where}: {error}", where) from error
