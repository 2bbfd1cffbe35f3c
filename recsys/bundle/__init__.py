"""Bundles: a fitted model with its catalogue, as it is kept and served."""

from recsys.bundle.bundle import Bundle
from recsys.bundle.recommendation import ExplainedReason, Recommendation, Titled

__all__ = ["Bundle", "ExplainedReason", "Recommendation", "Titled"]
