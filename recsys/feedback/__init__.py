"""Feedback: what people think of their recommendations, kept in a database."""

from recsys.feedback.acceptance import Acceptance, by_rule, by_source
from recsys.feedback.address import database_url, has_plain_password, shown
from recsys.feedback.feedback import Feedback
from recsys.feedback.limits import FeedbackLimitError, FeedbackLimits
from recsys.feedback.store import FeedbackStore

__all__ = [
    "Acceptance",
    "Feedback",
    "FeedbackLimitError",
    "FeedbackLimits",
    "FeedbackStore",
    "by_rule",
    "by_source",
    "database_url",
    "has_plain_password",
    "shown",
]
