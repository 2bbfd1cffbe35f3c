"""TitleSearch: find items by approximate titles."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recsys.data.accents import without_accents
from recsys.data.items import ItemCatalog
from recsys.data.titles import display_title
from recsys.errors import DataError

# GroupLens puts the article last: "Matrix, The (1999)", "Cité des enfants perdus, La (1995)".
_ARTICLE = re.compile(r"^(?P<title>.*), (?P<article>the|an?|l[aeio]s?|les|el|il|der|die|das|den|det)$")
_YEAR = re.compile(r"\s*\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$")
_OTHER_TITLE = re.compile(r"\s*\(([^()]*)\)")

MAX_CANDIDATES = 8  # in messages
MIN_SIMILARITY = 75  # in percent, of misspelled titles


class TitleError(DataError):
    """No item, or more than one, has this title."""


@dataclass(frozen=True, eq=False)
class TitleSearch:
    """Items by title, regardless of case, accents, punctuation, the position of the article, and the year."""

    catalog: ItemCatalog

    def find(self, title: str) -> Any:
        """Return the id of the only candidate; a title exactly as in the catalog wins.

        Where items share a title, "Title [id]" is one of them. A text that no title is like may be an id.
        Raise TitleError if there is no candidate or more than one; the message names them.
        """
        titles = self.catalog.title
        bare = title.rpartition(" [")[0]
        same = [row for row, written in enumerate(titles) if written == bare] if title.endswith("]") else []
        if len(same) > 1 and (named := [row for row in same if self._with_id(row) == title]):
            return self.catalog.item_id[named[0]].item()
        found = self.candidates(title)
        found = [row for row in found if titles[row] == title] or found
        if len(found) == 1:
            return self.catalog.item_id[found[0]].item()
        if not found and (row := self._by_id.get(title)) is not None:
            return self.catalog.item_id[row].item()
        if not found:
            raise TitleError(f"No item is called {title!r}, nor anything like it.")
        shown = found[:MAX_CANDIDATES]
        is_shared = len({titles[row] for row in found}) == 1  # so that their ids are needed
        names = "; ".join(repr(self._with_id(row) if is_shared else titles[row]) for row in shown)
        more = f"; and {len(found) - MAX_CANDIDATES} more" if len(found) > MAX_CANDIDATES else ""
        raise TitleError(f"{title!r} may be one of {len(found)}: {names}{more}. Write one of them in full.")

    def _with_id(self, row: int) -> str:
        return f"{self.catalog.title[row]} [{self.catalog.item_id[row]}]"

    def named(self, title: str) -> list[int]:
        """Return the rows of the catalog with exactly this title; else those whose title is equal."""
        key, year = _key(title)
        return self._by_title.get(title) or (self._rows([key], year) if key else [])

    def candidates(self, title: str) -> list[int]:
        """Return the rows of the catalog whose title is equal; else contains all words; else is similar."""
        key, year = _key(title)
        if not key:  # "!!!" has neither letters nor digits
            return [row for row, written in enumerate(self.catalog.title) if title and written == title]
        with_words = (self._names_with.get(word, set()) for word in key.split())
        rows = (
            self._rows([key], year)
            or self._rows(set.intersection(*with_words), year)
            or self._rows(self._similar(key), year)
        )
        return sorted(set(rows), key=lambda row: (self.catalog.title[row], row))

    def beginning(self, text: str) -> list[int]:
        """Return the rows whose title contains all words, the last one possibly incomplete.

        In the order of the catalog; the `candidates` if there are none.
        """
        key, year = _key(text)
        *whole, last = key.split() or [""]
        if not last:
            return []
        start = bisect_left(self._words, last)
        stop = bisect_left(self._words, last + "\U0010ffff", start)
        names = set().union(*(self._names_with[word] for word in self._words[start:stop]))
        names = names.intersection(*(self._names_with.get(word, set()) for word in whole))
        return sorted(set(self._rows(names, year) or self.candidates(text)))

    def _similar(self, key: str) -> list[str]:
        from rapidfuzz import fuzz, process

        found = process.extract(
            key, list(self._by_key), scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY, limit=MAX_CANDIDATES
        )
        return [name for name, _, _ in found]

    def _rows(self, names: Iterable[str], year: str) -> list[int]:
        """Return the rows with one of the keys and, if both are known, of the year."""
        rows = (row for name in names for row in self._by_key.get(name, ()))
        return [row for row in rows if not year or self._years[row] in (year, "")]

    @cached_property
    def _years(self) -> list[str]:
        return [_key(title)[1] for title in self.catalog.title]

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {str(item): row for row, item in enumerate(self.catalog.item_id.tolist())}

    @cached_property
    def _by_title(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, title in enumerate(self.catalog.title):
            rows[title].append(row)
        return dict(rows)

    @cached_property
    def _by_key(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, title in enumerate(self.catalog.title):
            for name in _keys(title):
                rows[name].append(row)
        return dict(rows)

    @cached_property
    def _names_with(self) -> dict[str, set[str]]:
        """The keys of `_by_key` that contain each word."""
        names: dict[str, set[str]] = defaultdict(set)
        for name in self._by_key:
            for word in name.split():
                names[word].add(name)
        return dict(names)

    @cached_property
    def _words(self) -> list[str]:
        return sorted(self._names_with)


def _keys(title: str) -> tuple[str, ...]:
    """Return the keys of a title: the whole, its main part, and each part in parentheses.

    Also of its form with the articles in front, for those that the key keeps: "La Jetée", "L'Avventura".
    """
    bare, said = _YEAR.sub("", title), display_title(title)[0]
    names = [bare, _OTHER_TITLE.sub("", bare), *_OTHER_TITLE.findall(bare)]
    if said != bare:
        names += [said, _OTHER_TITLE.sub("", said), *_OTHER_TITLE.findall(said)]
    return tuple(dict.fromkeys(key for key, _ in map(_key, names) if key))


def _key(title: str) -> tuple[str, str]:
    """Return a title without case, accents, punctuation, article and year; and the year or ''."""
    year = _YEAR.search(title)
    text = _YEAR.sub("", title).strip().casefold()
    text = re.sub(r"^(a\.k\.a\.|aka)\s+", "", text)
    if behind := _ARTICLE.match(text):
        text = behind["title"]
    words = re.sub(r"[^\w]+", " ", without_accents(text).replace("'", "").replace("&", " and ")).split()
    if len(words) > 1 and words[0] in ("the", "a", "an"):
        words = words[1:]
    return " ".join(words), year[1] if year else ""
