"""Nouns: a dataset's words for its items."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from recsys.errors import ParameterError

MAX_LENGTH = 40  # characters of a word

# The words of a dataset that differ from the defaults, hashable.
Words = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Nouns:
    """Words that texts for people use: on the page, in the terminal, in OpenAPI and in the model card.

    Parameters
    ----------
    item, items, category, categories : str
        Such as film, films, genre and genres.
    verb : str
        What users did with their items, in the past tense: "liked", "bought".
    """

    item: str = "item"
    items: str = "items"
    category: str = "category"
    categories: str = "categories"
    verb: str = "liked"

    @classmethod
    def of(cls, words: Words, has_orders: bool) -> Self:
        """Return a dataset's words, completed by the defaults; items of orders were bought."""
        return replace(cls(verb="bought") if has_orders else cls(), **dict(words))


def read_words(parameter: str, given: Any) -> Words:
    """Return the words of a mapping, without those that are None; raise ParameterError unless it has words.

    `given` may also be such words, or None for no words.
    """
    names = [field.name for field in fields(Nouns)]
    if isinstance(given, tuple):
        given = dict(given)
    if given is not None and not isinstance(given, Mapping):
        raise ParameterError(parameter, f"a mapping with the keys {', '.join(names)}, or null", given)
    for name, word in (given or {}).items():
        if name not in names:
            raise ParameterError(f"{parameter}.{name}", f"left out (the keys are {', '.join(names)})", word)
        if word is not None and not (isinstance(word, str) and word.strip() and word.isprintable()):
            raise ParameterError(f"{parameter}.{name}", "a word, or null", word)
        if word is not None and len(word) > MAX_LENGTH:
            raise ParameterError(f"{parameter}.{name}", f"at most {MAX_LENGTH} characters", word)
    return tuple((name, word.strip()) for name, word in (given or {}).items() if word is not None)
