"""Feedback on recommendations, stored in a database."""

from recsys.feedback.address import database_url, has_plain_password
from recsys.feedback.feedback import Acceptance, Feedback, FeedbackLimitError, FeedbackLimits
from recsys.feedback.store import FeedbackStore

__all__ = [
    "Acceptance",
    "Feedback",
    "FeedbackLimitError",
    "FeedbackLimits",
    "FeedbackStore",
    "database_url",
    "has_plain_password",
]
