"""What requests and responses hold; OpenAPI is made from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from recsys.serving.signed_list import PATTERN

#: Characters of an id, a title or a search.
LONGEST_NAME = 200
#: Characters of a signed list: as many as a body may have by default.
MAX_SIGNED_LIST = 262_144
# What PostgreSQL does not take.
NO_NUL = "^[^\\u0000]*$"

Whole = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=LONGEST_NAME, pattern=NO_NUL)]
ItemId = Annotated[Whole | Name, Field(union_mode="left_to_right")]
UserId = Annotated[Whole | Name, Field(union_mode="left_to_right")]
# The first wrong one is enough: to list a hundred thousand takes seconds.
ItemIds = Annotated[list[ItemId], Field(fail_fast=True)]
Names = Annotated[list[Name], Field(fail_fast=True)]
Source = Literal["rule", "model", "fallback"]
Verdict = Literal["up", "down"]


class Asked(BaseModel):
    """A request: what is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _nothing_else(cls, given: Any) -> Any:
        # Before Pydantic does it, for it lists each: a body may hold a hundred thousand.
        if isinstance(given, dict):
            unknown = next((key for key in given if key not in cls.model_fields), None)
            if unknown is not None:
                names = ", ".join(cls.model_fields)
                raise ValueError(f"there is no field {unknown[:LONGEST_NAME]!r}; the fields are {names}")
        return given


class Person(Asked):
    """Who is recommended to: by what they like, or by who they are. Exactly one of the three."""

    items: ItemIds | None = Field(None, description="Ids of what the person likes, the latest last.")
    titles: Names | None = Field(None, description="The same by title; case and accents do not matter.")
    user_id: UserId | None = Field(None, description="A user whom the model knows.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.items, self.titles, self.user_id)) != 1:
            raise ValueError(
                "give exactly one of items, titles and user_id; items: [] for nobody in particular"
            )
        return self


People = Annotated[list[Person], Field(fail_fast=True)]


class Wanted(Asked):
    """What list is wanted."""

    k: Annotated[StrictInt, Field(ge=1)] = Field(10, description="Length of the list, at most.")
    exclude_seen: StrictBool = Field(True, description="Leave out what the person likes already.")
    explain: StrictBool = Field(False, description="Say why, with numbers.")


class RecommendRequest(Wanted, Person):
    """Recommendations for one person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"titles": ["Toy Story (1995)", "Heat (1995)"], "k": 5, "explain": True},
                {"items": [1, 50, 260], "k": 10, "exclude_seen": True},
                {"user_id": 15},
            ]
        }
    )


class BatchRequest(Wanted):
    """Recommendations for many people at once; much faster than one by one."""

    users: Annotated[list[Person], Field(fail_fast=True)] = Field(
        description="A list is made for each, in this order."
    )
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"users": [{"items": [1, 50]}, {"user_id": 15}], "k": 5}]}
    )


class FeedbackRequest(Asked):
    """A thumb up or down for one item of a list that this service has recommended."""

    signed_list: Annotated[StrictStr, Field(max_length=MAX_SIGNED_LIST, pattern=PATTERN)] = Field(
        description="That of the answer whose list was shown, as it came."
    )
    user_id: UserId = Field(
        description="Any name for the person that stays the same; it never means a user of the data."
    )
    item_id: ItemId = Field(description="An item of that list. Another thumb for it replaces the first.")
    verdict: Verdict
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "signed_list": "WzE3OTU4NjE2MDAsIm...==.q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80=",
                    "user_id": "somebody",
                    "item_id": 260,
                    "verdict": "up",
                }
            ]
        },
    )


class Told(BaseModel):
    """A part of a response."""

    model_config = ConfigDict(protected_namespaces=())


class Item(Told):
    """An item and what it is called."""

    item_id: int | str
    title: str


class FoundItem(Item):
    """An item that a search found."""

    genres: list[str]
    n_likes: int = Field(description="Users who like it.")


class Reason(Told):
    """Why an item is recommended: a rule from what is liked, or its popularity."""

    antecedents: list[Item] = Field(
        description="The likes that speak for it; none where its popularity does."
    )
    support_count: int | None = Field(description="Users who like antecedents and item.")
    confidence: float | None = Field(
        description="Share of those who like the antecedents that like the item."
    )
    lift: float | None = Field(description="How many times likelier that is than for anybody.")
    share: float = Field(description="Share of the score that comes from this reason, 0 to 1.")


class Recommendation(Item):
    """One item of a list."""

    score: float = Field(description="Higher is better; scores of two sources do not compare.")
    source: Source
    reasons: list[Reason] = Field(description="The strongest first.")


class Recommendations(Told):
    """The list for one person."""

    likes: list[int | str] = Field(description="Ids of what it was made from, the latest like last.")
    ignored: list[int | str] = Field(description="Ids of likes that the model knows nothing about.")
    recommendations: list[Recommendation]
    signed_list: str = Field(description="Proof that the list was recommended here; POST /feedback needs it.")


class RecommendResponse(Recommendations):
    """The list for one person, and who made it."""

    model_version: str


class BatchResponse(Told):
    """A list for each person."""

    model_version: str
    results: list[Recommendations]


class SimilarResponse(Told):
    """What goes with an item."""

    model_version: str
    item: Item
    recommendations: list[Recommendation]


class ItemsResponse(Told):
    """What a search found."""

    items: list[FoundItem]


class FeedbackResponse(Told):
    """Feedback is on the disk."""

    stored: Literal["new", "replaced"] = Field(
        description="replaced: there was a thumb for this item of this list, and this one counts instead."
    )


class Failure(Told):
    """A version that could not be served."""

    version: str
    message: str
    at: str = Field(description="UTC.")


class ModelResponse(Told):
    """Which model answers."""

    address: str
    version: str
    loaded: str = Field(description="UTC.")
    n_items: int
    n_users: int
    metadata: dict[str, Any]
    swaps: int = Field(description="Times that another version came into service.")
    last_failure: Failure | None
    limits: dict[str, int]


class Health(Told):
    """Whether the service lives, or is ready."""

    status: Literal["ok", "no model"]


class ErrorDetail(Told):
    """One thing that is wrong."""

    where: str
    message: str


class ErrorBody(Told):
    """What is wrong, for programs and for people."""

    code: str
    message: str
    details: list[ErrorDetail]


class ErrorResponse(Told):
    """The shape of all errors."""

    error: ErrorBody
