"""Feedback on recommendations, stored in a database."""

from recsys.feedback.feedback import Acceptance, Feedback, FeedbackLimitError
from recsys.feedback.store import FeedbackStore, database_url

__all__ = [
    "Acceptance",
    "Feedback",
    "FeedbackLimitError",
    "FeedbackStore",
    "database_url",
]
