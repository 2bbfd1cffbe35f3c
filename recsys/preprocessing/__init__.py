"""From interactions to transactions."""

from recsys.preprocessing.filtering import Preprocessing, encode

__all__ = ["Preprocessing", "encode"]
