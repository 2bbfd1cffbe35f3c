"""Requests and responses; OpenAPI is generated from them.

The words in braces are those of the data; see `recsys.serving.openapi`.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from recsys.data import Nouns
from recsys.models.bundle import Item, Recommendation
from recsys.models.version_history import VersionSummary
from recsys.recommenders.model import JSON_CONFIG
from recsys.serving.failure import Failure
from recsys.serving.route_times import RouteTimes
from recsys.serving.settings import Settings

MAX_NAME = 200  # characters of an id, a title or a search

Integer = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
# PostgreSQL does not store NUL.
Name = Annotated[StrictStr, Field(min_length=1, max_length=MAX_NAME, pattern="^[^\\u0000]*$")]
Id = Annotated[Integer | Name, Field(union_mode="left_to_right")]
SignedText = Annotated[
    StrictStr, Field(max_length=Settings.max_body_bytes, pattern="^[A-Za-z0-9_=-]+[.][A-Za-z0-9_=-]+$")
]
# Lists stop at their first error: a body can hold a hundred thousand.
Ids = Annotated[list[Id], Field(fail_fast=True)]
Names = Annotated[list[Name], Field(fail_fast=True)]


def _kind_of_history(given: Any) -> str:
    return "orders" if isinstance(given, list) and given and isinstance(given[0], list) else "basket"


def _any_of(schema: dict[str, Any]) -> None:
    # [] is both a basket and no orders.
    schema["anyOf"] = schema.pop("oneOf")


Basket = Annotated[Ids, Tag("basket")]
Orders = Annotated[list[Ids], Field(fail_fast=True), Tag("orders")]
History = Annotated[Basket | Orders, Discriminator(_kind_of_history), Field(json_schema_extra=_any_of)]


def _examples(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class RequestModel(BaseModel):
    """A request; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_field(cls, given: Any) -> Any:
        # Pydantic would list all unknown fields: a body can hold a hundred thousand.
        if isinstance(given, dict):
            unknown = next((key for key in given if key not in cls.model_fields), None)
            if unknown is not None:
                names = ", ".join(cls.model_fields)
                raise ValueError(f"there is no field {unknown[:MAX_NAME]!r}; the fields are {names}")
        return given


class Person(RequestModel):
    """Whom to recommend to: exactly one of items, titles, history and user_id."""

    items: Ids | None = None
    """Ids of the {items} that the person {verb}, the latest last."""
    titles: Names | None = None
    """The same by title; case and accents are ignored."""
    history: History | None = None
    """The same as orders, a list of ids for each, the earliest first; or as one basket, a list of ids. One
    {item} may stand in several orders."""
    user_id: Id | None = None
    """A user of the data that the model was fitted on."""
    seen: Ids = []
    """Ids of other {items} that the person knows, such as disliked ones: they are not recommended."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(one is not None for one in (self.items, self.titles, self.history, self.user_id)) != 1:
            raise ValueError(
                "give exactly one of items, titles, history and user_id; items: [] for nobody in particular"
            )
        return self


class ListOptions(RequestModel):
    """Options of the recommended list."""

    k: Annotated[StrictInt, Field(ge=1)] = 10
    """Maximum length of the list."""
    offset: Annotated[StrictInt, Field(ge=0)] = 0
    """Number of places at the top of the list to leave out: 10 with k 10 for the second ten."""
    exclude_seen: StrictBool | None = None
    """Leave out what the person {verb} or has seen. By default yes, except that what is in a history of
    orders, or in that of user_id, may be recommended where the model has orders of customers, who buy again
    (has_orders of GET /model). What is in a basket is not added to it."""
    explain: StrictBool = False
    """Give reasons with their measures."""
    exclude_items: Ids = []
    """Ids of {items} that the list may not hold."""
    only_items: Annotated[list[Id], Field(fail_fast=True, min_length=1)] | None = None
    """Ids of the only {items} that the list may hold."""
    categories: Annotated[list[Name], Field(fail_fast=True, min_length=1)] | None = None
    """Only {items} of at least one of these {categories}; case is ignored."""
    max_per_category: Annotated[StrictInt, Field(ge=1)] | None = None
    """Maximum number of {items} of one {category} in the list."""
    popularity_penalty: Annotated[StrictFloat, Field(ge=-1, le=1, allow_inf_nan=False)] = 0
    """Scores are divided by this power of the share of people who {verb} the {item}: above 0 the list is more
    surprising, below 0 more popular; 0 changes nothing."""


class RecommendRequest(ListOptions, Person):
    """Recommendations for one person."""

    model_config = _examples(
        {"titles": ["First title", "Second title"], "k": 5, "explain": True},
        {"items": [1, 2], "seen": [3], "k": 10, "exclude_seen": True},
        {"user_id": 15, "categories": ["A category"], "exclude_items": [1], "max_per_category": 3},
        {"history": [[1, 2], [2, 3]], "only_items": [1, 2, 3], "k": 3},
        {"history": [1, 2]},
    )


class BatchRequest(ListOptions):
    """Recommendations for many people at once; much faster than one by one."""

    users: Annotated[list[Person], Field(fail_fast=True)]
    """One list is returned for each, in this order."""
    model_config = _examples({"users": [{"items": [1, 2]}, {"user_id": 15}], "k": 5})


class FeedbackRequest(RequestModel):
    """A thumb up or down for one {item} of a list that this service has recommended, or its withdrawal."""

    signed_list: SignedText
    """The signed_list of the response that contained the list, unchanged."""
    user_id: Id
    """Any stable name for the person; it never refers to a user of the data."""
    item_id: Id
    """One {item} of that list. A second thumb for it replaces the first."""
    verdict: Literal["up", "down", "withdrawn"]
    """withdrawn removes the thumb for this {item} of this list, also when the list takes no new ones."""
    model_config = _examples(
        {"signed_list": "WzE3OTU4NjE2.q83vEjRWeJq8", "user_id": "ann", "item_id": 1, "verdict": "up"}
    )


class ResponseModel:
    """A response or a part of one."""

    __pydantic_config__: ClassVar = JSON_CONFIG


@dataclass
class FoundItem(Item):
    """One of the {items} found by a search, with its {categories}."""

    categories: list[str]
    n_likes: int
    """Number of users who {verb} it."""


@dataclass
class Recommendations(ResponseModel):
    """The list for one person."""

    likes: list[int | str]
    """Ids that the list was made from, the latest last."""
    ignored: list[int | str]
    """Ids among those given that the model does not know."""
    recommendations: list[Recommendation]
    signed_list: str
    """Proof that the list was recommended here; POST /feedback requires it."""


@dataclass
class RecommendResponse(Recommendations):
    """The list for one person, and the model version."""

    model_version: str


@dataclass
class BatchResponse(ResponseModel):
    """A list for each person."""

    model_version: str
    results: list[Recommendations]


@dataclass
class SimilarResponse(ResponseModel):
    """Recommendations for one {item}."""

    model_version: str
    item: Item
    recommendations: list[Recommendation]


@dataclass
class ItemsResponse(ResponseModel):
    """The {items} found by a search."""

    items: list[FoundItem]


@dataclass
class FeedbackResponse(ResponseModel):
    """Feedback is on disk."""

    stored: Literal["new", "replaced", "withdrawn"]
    """replaced: an earlier thumb for this item of this list no longer counts; withdrawn: none does."""


@dataclass
class PoliciesState(ResponseModel):
    """The policies that all lists follow."""

    version: str
    """The beginning of the SHA-256 of the file."""
    loaded: str
    """UTC."""
    swaps: int
    """Number of times that a changed file replaced them."""
    last_failure: Failure | None
    """The last file that was not used, and why."""


@dataclass
class ModelResponse(ResponseModel):
    """The served model."""

    address: str
    version: str
    loaded: str
    """UTC."""
    n_items: int
    n_users: int
    nouns: Nouns
    """Words of the data for its items, their categories and what people did with them."""
    metadata: dict[str, Any]
    swaps: int
    """Number of times that another version replaced the served one."""
    last_failure: Failure | None
    limits: dict[str, int]
    has_orders: bool
    """Whether the model has orders of customers, in which items are bought again."""
    categories: list[str]
    """Names of the categories of its items, in alphabetical order."""
    policies: PoliciesState | None
    """None without a file of policies."""
    accepts_feedback: bool
    has_explorer: bool
    """Whether the rules can be explored, at /explorer."""


@dataclass
class PoliciesInForce(PoliciesState):
    """The policies, and what they say."""

    file: str
    rules: list[str]
    """In words, a line for each."""
    not_in_model: list[str]
    """What they would recommend, and the model does not know."""


@dataclass
class VersionAcceptance(ResponseModel):
    """Thumbs for the recommendations of one version."""

    version: str
    up: int
    total: int
    rate: float
    """Share of thumbs up, 0 to 1."""


@dataclass
class OperatorState(ResponseModel):
    """What an operator looks at."""

    address: str
    version: str | None
    """None until a model is served."""
    loaded: str | None
    """UTC."""
    started: str
    """UTC; requests are counted from here, by this process alone."""
    swaps: int
    failures: int
    last_failure: Failure | None
    versions: list[VersionSummary]
    """Of the registry, the latest first; empty for a model from a folder."""
    versions_read: str | None
    """UTC; None until the registry has answered. It is asked once a minute, and not for this request."""
    versions_failure: str | None
    """Why the registry could not be read the last time."""
    acceptance: list[VersionAcceptance] | None
    """By version, those with the most thumbs first; None if the database does not answer."""
    routes: list[RouteTimes]
    """The most used first."""
    policies: PoliciesInForce | None
    """None without a file of policies."""


@dataclass
class Health(ResponseModel):
    """State of the service."""

    status: Literal["ok", "no model"]


@dataclass
class ErrorDetail(ResponseModel):
    """One error in the request."""

    where: str
    message: str


@dataclass
class ErrorBody(ResponseModel):
    """Description of an error, for programs and for people."""

    code: str
    message: str
    details: list[ErrorDetail]


@dataclass
class ErrorResponse(ResponseModel):
    """The form of all errors."""

    error: ErrorBody
