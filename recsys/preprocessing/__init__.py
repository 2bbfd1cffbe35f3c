"""From interactions to transactions."""

from recsys.preprocessing.encoding import encode
from recsys.preprocessing.filtering import Preprocessing

__all__ = ["Preprocessing", "encode"]
