"""Recommendations as a bundle returns them, and as JSON and OpenAPI show them."""

from dataclasses import dataclass
from typing import ClassVar

from recsys.recommenders import Reason
from recsys.recommenders.model import JSON_CONFIG
from recsys.recommenders.recommendations import Source


@dataclass(slots=True)
class Item:
    """An item and its title."""

    __pydantic_config__: ClassVar = JSON_CONFIG

    item_id: int | str
    title: str
    """The id as text if the item has no title."""


@dataclass(slots=True)
class Recommendation(Item):
    """One item of a list."""

    score: float
    """Finite; higher is better. Scores of different sources are not comparable."""
    source: Source
    reasons: tuple[Reason[Item], ...]
    """The strongest first."""
