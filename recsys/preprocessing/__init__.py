"""From ratings to transactions: keep what counts as a like, one transaction a user."""

from recsys.preprocessing.encoding import encode
from recsys.preprocessing.filtering import Preprocessing
from recsys.preprocessing.in_spark import encode_in_spark

__all__ = ["Preprocessing", "encode", "encode_in_spark"]
