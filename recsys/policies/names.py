"""Items and categories of a catalog by the names that policies use."""

from collections.abc import Iterable, Sequence
from typing import Any

from recsys.data import CategoryIndex, ItemCatalog
from recsys.datasets import TitleSearch
from recsys.errors import DataFormatError
from recsys.policies.rules import Entry

MAX_NEAR = 8  # similar names in a message


class Names:
    """Items and categories of a catalog by name."""

    def __init__(self, catalog: ItemCatalog, items: list[Any]) -> None:
        self.catalog, self.search = catalog, TitleSearch(catalog)
        self.categories = CategoryIndex.of(catalog.categories)
        self.position = {item: place for place, item in enumerate(items)}
        rows: list[Any] = catalog.item_id.tolist()
        self.row = {str(item): row for row, item in enumerate(rows)}
        # By text: the ids of the catalog may be text where those of the model are numbers.
        of_model = {str(item): item for item in items}
        self.id_of_row = [of_model.get(str(item), item) for item in rows]
        self.not_in_model: list[str] = []

    def ids(self, entries: Iterable[Entry]) -> list[Any]:
        """Return the ids of entries, each once."""
        rows = dict.fromkeys(row for entry in entries for row in self._rows(entry))
        return [self.id_of_row[row] for row in rows]

    def positions(self, entries: Iterable[Entry]) -> list[int]:
        """Return the positions of those that the model knows."""
        return [self.position[item] for item in self.ids(entries) if item in self.position]

    def recommended(self, entries: Iterable[Entry]) -> list[int]:
        """Return the positions of those that the model knows, and note the others."""
        for entry in entries:
            if not self.positions([entry]):
                self.not_in_model.append(f"{entry.place}: {entry.name!r}")
        return self.positions(entries)

    def _rows(self, entry: Entry) -> list[int]:
        if entry.kind == "category":
            return self._of_category(entry)
        by_id = [self.row[entry.name]] if entry.kind != "title" and entry.name in self.row else []
        by_title = [] if entry.kind == "id" else self.search.named(entry.name)
        found = list(dict.fromkeys([*by_id, *by_title]))
        if len(found) == 1:
            return found
        if not found:
            what = {"item": "id or title", "id": "id", "title": "title"}[entry.kind]
            names = [] if entry.kind == "id" else self._similar(entry.name)
            raise DataFormatError(f"{entry.place}: no item has the {what} {entry.name!r}. {_near(names)}")
        ids = "; ".join(
            f"id: {self.catalog.item_id[row]} ({self.catalog.title[row]!r})" for row in found[:MAX_NEAR]
        )
        raise DataFormatError(
            f"{entry.place}: {entry.name!r} may be one of {len(found)} items: {ids}. "
            "Write {id: ...} or {title: ...} for the one that is meant."
        )

    def _similar(self, name: str) -> list[str]:
        """Return titles that are misspelt, or share words with a name."""
        from rapidfuzz import fuzz, process

        titles = self.catalog.title
        found = process.extract(
            name, titles, scorer=fuzz.token_set_ratio, processor=str.casefold, score_cutoff=60, limit=MAX_NEAR
        )
        near = [titles[row] for row in self.search.candidates(name)] or [title for title, _, _ in found]
        return list(dict.fromkeys(near))

    def _of_category(self, entry: Entry) -> list[int]:
        name = self.categories.named(entry.name)
        if name is None:
            near = self.categories.similar(entry.name)
            raise DataFormatError(f"{entry.place}: there is no category {entry.name!r}. {_near(near)}")
        return list(map(int, self.categories.members[name]))


def _near(names: Sequence[str]) -> str:
    if not names:
        return "Nothing has a similar name."
    return f"Similar: {', '.join(map(repr, names[:MAX_NEAR]))}."
