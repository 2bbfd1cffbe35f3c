"""Requests and responses of the explorer; see `recsys.serving.schemas`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recsys.data import Nouns
from recsys.models.bundle import Item
from recsys.serving.schemas import MAX_NAME, ResponseModel

MAX_IDS = 50
MAX_RULES = 1000
MAX_POINTS = 5000
MAX_COUNT = 2**53

Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_NAME)]], Field(max_length=MAX_IDS)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]


class RuleFilters(BaseModel):
    """Conditions on rules, all of which must hold.

    Also a lower and an upper bound of each measure: `min_lift`, `max_lift` and so on.
    """

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    text: Annotated[str, Field(max_length=MAX_NAME)] = ""
    """At most ten words, each of which must be part of the title of some {item} of the rule; without case and
    accents."""
    item: Ids = []
    """Ids of {items} that the rule must hold on any side."""
    antecedent: Ids = []
    """Ids of {items} that must be among the antecedents."""
    consequent: Ids = []
    """Ids of {items} that must be among the consequents."""
    min_length: Count | None = None
    """Minimum number of {items} of both sides."""
    max_length: Count | None = None
    """Maximum number of {items} of both sides."""
    min_support_count: Count | None = None
    """Minimum number of transactions that hold all {items} of the rule."""
    max_support_count: Count | None = None
    """Maximum number of transactions that hold all {items} of the rule."""


class SortedRules(RuleFilters):
    """Rules in order."""

    sort: Annotated[str, Field(max_length=MAX_NAME)] = "lift"
    """A measure, `support_count` or `length`."""
    descending: bool = True


class RulesRequest(SortedRules):
    """A page of rules."""

    offset: Count = 0
    limit: Annotated[int, Field(ge=1, le=MAX_RULES)] = 50


class PointsRequest(RuleFilters):
    """Points of a scatter plot."""

    limit: Annotated[int, Field(ge=1, le=MAX_POINTS)] = MAX_POINTS


class ExportRequest(SortedRules):
    """A file of rules."""

    format: Literal["csv", "json", "graphml"]


@dataclass
class ExploredRule(ResponseModel):
    """A rule."""

    rule_id: int
    """Its place in the order of the model or run, from 0."""
    antecedents: list[Item]
    consequents: list[Item]
    support_count: int
    """Number of transactions that hold all {items} of the rule.

    Of rules between orders: number of customers who bought the consequent in a later order.
    """
    measures: dict[str, float | None]
    """None where a value is infinite, as the conviction of a rule that never fails, or not known."""


@dataclass
class RulesResponse(ResponseModel):
    """A page of rules."""

    n_rules: int
    """Number of all rules."""
    n_found: int
    """Number of rules that the conditions hold for."""
    offset: int
    rules: list[ExploredRule]


@dataclass
class PointsResponse(ResponseModel):
    """Points of a scatter plot, as columns, by rule_id."""

    n_found: int
    rule_id: list[int]
    support: list[float | None]
    confidence: list[float | None]
    lift: list[float | None]


@dataclass
class RuleItem(Item):
    """One of the {items} found by a search."""

    n_rules: int
    """Number of rules that hold it."""


@dataclass
class RuleItemsResponse(ResponseModel):
    """The {items} found by a search."""

    items: list[RuleItem]


@dataclass
class MeasureRange(ResponseModel):
    """A measure and its finite values."""

    name: str
    minimum: float | None
    maximum: float | None


@dataclass
class ExplorerSummary(ResponseModel):
    """What there is to explore."""

    name: str
    """The folder of the run, or the version of the model."""
    dataset: str
    nouns: Nouns
    recommender: str
    has_rules: bool
    """False for a model that recommends without rules: then the other endpoints answer with status 404."""
    n_rules: int
    n_items: int
    """Number of {items} that rules hold."""
    measures: list[MeasureRange]
    max_length: int
    """Number of {items} of the longest rule."""
    can_recommend: bool
    """Whether there is a page of recommendations."""
    accepts_feedback: bool
    """Whether the service takes feedback; then there is a page for its operator, too."""
