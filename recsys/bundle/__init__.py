"""Bundles: a fitted model with its catalogue, as it is kept and served."""

from recsys.bundle.bundle import Bundle
from recsys.bundle.recommendation import ExplainedReason, Recommendation, Titled
from recsys.bundle.self_check import SelfCheckError, self_check

__all__ = ["Bundle", "ExplainedReason", "Recommendation", "SelfCheckError", "Titled", "self_check"]
