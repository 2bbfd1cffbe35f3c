"""Find items by what people call them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.items import ItemCatalog
from recsys.errors import DataError

# GroupLens puts the article behind: "Matrix, The (1999)", "Cité des enfants perdus, La (1995)".
_ARTICLE = re.compile(r"^(?P<title>.*), (?P<article>the|an?|l[aeio]s?|les|el|il|der|die|das|den|det)$")
_YEAR = re.compile(r"\s*\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$")
_OTHER_TITLE = re.compile(r"\s*\(([^()]*)\)")

#: Candidates that are shown, at most.
MAX_CANDIDATES = 8

CUTOFF = 0.75  # difflib's ratio from which on two titles are spelt alike
N_KINDS = 64  # kinds of letters: code points that are equal modulo this one


class TitleError(DataError):
    """No item, or more than one, is called so."""


@dataclass(frozen=True, eq=False)
class TitleSearch:
    """Items by title, forgiving: case, accents, punctuation, where the article stands, and the year.

    Parameters
    ----------
    catalog : ItemCatalog
    """

    catalog: ItemCatalog

    def find(self, title: str) -> Any:
        """Return the id of the item that is called so.

        A title as the catalogue writes it wins; then one that is the same but for case, accents, punctuation,
        article and year; then the only one that holds the words; then the only one that is spelt much alike.

        Raises
        ------
        TitleError
            If none is called so, or several are; the message names the candidates.
        """
        found = self.candidates(title)
        exact = [row for row in found if self.catalog.title[row] == title]
        found = exact or found
        if len(found) == 1:
            return self.catalog.item_id[found[0]].item()
        if not found:
            raise TitleError(f"No item is called {title!r}, nor anything like it.")
        names = "; ".join(repr(self.catalog.title[row]) for row in found[:MAX_CANDIDATES])
        more = f"; and {len(found) - MAX_CANDIDATES} more" if len(found) > MAX_CANDIDATES else ""
        raise TitleError(f"{title!r} may be one of {len(found)}: {names}{more}. Write one of them in full.")

    def candidates(self, title: str) -> list[int]:
        """Return the rows of the catalogue that may be meant, those of the closest kind only, by title."""
        key, year = _key(title)
        if not key:  # "!!!" has no letters to be forgiving with
            return [row for row, written in enumerate(self.catalog.title) if title and written == title]
        rows = self._of_year(self._by_key.get(key, []), year)
        if not rows:
            names = set.intersection(*(self._names_with.get(word, set()) for word in set(key.split())))
            rows = self._of_year([row for name in names for row in self._by_key[name]], year)
        if not rows:
            close = difflib.get_close_matches(key, self._alike(key), n=MAX_CANDIDATES, cutoff=CUTOFF)
            rows = self._of_year([row for name in close for row in self._by_key[name]], year)
        return sorted(set(rows), key=lambda row: (self.catalog.title[row], row))

    def beginning(self, text: str) -> list[int]:
        """Return the rows that may be meant by a title that is not yet typed to its end.

        Those that hold all words, of the last one perhaps only its beginning; if there are none, the
        `candidates`. In the order of the catalogue.
        """
        key, year = _key(text)
        *whole, last = key.split() or [""]
        if not last:
            return []
        start = bisect_left(self._words, last)
        stop = bisect_left(self._words, last + "\U0010ffff", start)
        names = set().union(*(self._names_with[word] for word in self._words[start:stop]))
        names = names.intersection(*(self._names_with.get(word, set()) for word in whole))
        rows = self._of_year([row for name in names for row in self._by_key[name]], year)
        return sorted(set(rows) or set(self.candidates(text)))

    def _of_year(self, rows: list[int], year: str) -> list[int]:
        return [row for row in rows if self._years[row] in (year, "")] if year else rows

    @cached_property
    def _keys(self) -> list[tuple[str, ...]]:
        return [_keys(title) for title in self.catalog.title]

    @cached_property
    def _years(self) -> list[str]:
        return [_key(title)[1] for title in self.catalog.title]

    @cached_property
    def _by_key(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, names in enumerate(self._keys):
            for name in names:
                rows[name].append(row)
        return dict(rows)

    @cached_property
    def _names_with(self) -> dict[str, set[str]]:
        """The keys of `_by_key` that hold each word."""
        names: dict[str, set[str]] = defaultdict(set)
        for name in self._by_key:
            for word in name.split():
                names[word].add(name)
        return dict(names)

    @cached_property
    def _words(self) -> list[str]:
        return sorted(self._names_with)

    @cached_property
    def _spelling(self) -> tuple[list[str], npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
        """The keys of `_by_key`; how often they hold each kind of letter, a column a key; their lengths."""
        names = list(self._by_key)
        letters = np.array([_letters(name) for name in names], np.uint16).reshape(len(names), N_KINDS)
        return names, np.ascontiguousarray(letters.T), letters.sum(axis=1, dtype=np.int64)

    def _alike(self, key: str) -> list[str]:
        """Return the keys that may be spelt like one.

        Those that difflib would take are among them; most that it would not are left out for their letters.
        """
        names, letters, lengths = self._spelling
        asked = _letters(key)
        kinds = np.flatnonzero(asked)
        common = np.minimum(letters[kinds], asked[kinds, None]).sum(axis=0, dtype=np.uint16)
        return [names[row] for row in np.flatnonzero(2 * common >= CUTOFF * (lengths + len(key)))]


def _letters(key: str) -> npt.NDArray[np.uint16]:
    """Return how often each kind of letter stands in a key, shape (N_KINDS,)."""
    codes = np.frombuffer(key.encode("utf-32-le", "surrogatepass"), np.uint32) % N_KINDS
    return np.bincount(codes, minlength=N_KINDS).astype(np.uint16)


def _keys(title: str) -> tuple[str, ...]:
    """Return what a title may be called: the whole of it, its main part, and what stands in parentheses."""
    bare = _YEAR.sub("", title)
    names = [bare, _OTHER_TITLE.sub("", bare), *_OTHER_TITLE.findall(bare)]
    return tuple(dict.fromkeys(key for key, _ in map(_key, names) if key))


def _key(title: str) -> tuple[str, str]:
    """Return a title without case, accents, punctuation, article and year; and the year, or ''."""
    year = _YEAR.search(title)
    text = _YEAR.sub("", title).strip().casefold()
    text = re.sub(r"^(a\.k\.a\.|aka)\s+", "", text)
    if behind := _ARTICLE.match(text):
        text = behind["title"]
    text = "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )
    words = re.sub(r"[^\w]+", " ", text.replace("'", "").replace("&", " and ")).split()
    if len(words) > 1 and words[0] in ("the", "a", "an"):
        words = words[1:]
    return " ".join(words), year[1] if year else ""
