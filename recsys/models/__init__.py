"""Bundles: a fitted model with its catalogue, as it is kept and served."""

from recsys.models.bundle import Bundle
from recsys.models.recommendation import Item, Recommendation
from recsys.models.self_check import SelfCheckError, self_check

__all__ = ["Bundle", "Item", "Recommendation", "SelfCheckError", "self_check"]
