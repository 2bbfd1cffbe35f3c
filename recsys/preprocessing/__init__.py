"""From ratings to transactions: keep what counts as a like, one transaction a user."""

from recsys.preprocessing.encoding import encode
from recsys.preprocessing.filtering import Preprocessing

__all__ = [
    "Preprocessing",
    "encode",
]
