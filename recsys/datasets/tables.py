"""Delimited text files: rows with line numbers, errors that name them, and tables of items."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TextIO

from recsys.data.items import ItemCatalog
from recsys.datasets.fields import Column, ids_from_text, shown
from recsys.datasets.files import open_binary, reading
from recsys.datasets.quotes import QuoteError, quoted_rows, quotes_close_on_their_lines
from recsys.datasets.separators import separator_cure
from recsys.errors import DataFormatError

# The error handler "surrogateescape" maps undecodable bytes to these.
_UNDECODABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TextTable:
    """A delimited text file, plain or gzipped (`.gz`); `names` are the columns if it has no header.

    The separator is one character or GroupLens' "::". If `is_configurable`, errors advise `dataset.separator`
    and `dataset.quoted`.
    """

    path: Path
    separator: str = ","
    encoding: str = "utf-8"
    quoted: bool = True
    names: tuple[str, ...] | None = None
    is_configurable: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns; DataFormatError if the file is empty or its first line cannot be decoded."""
        line, first = next(self._rows(), (1, None))
        if first is None:
            raise DataFormatError(f"{self.path} is empty. Give a file that holds a table.")
        for field in first:
            self._check_decoded(line, field)
        return self.names or tuple(first)

    def position(self, column: Column) -> int:
        """Return the index of a column; raise DataFormatError unless the file has it exactly once."""
        try:
            names = self.columns
        except DataFormatError as error:
            # With the wrong separator, quotes do not enclose fields.
            if cure := self._separator_cure(column):
                raise DataFormatError(f"{self.path} has no column {column.name!r}. {cure}") from error
            raise
        cure = "" if column.name in names else self._separator_cure(column)
        return column.position(names, self.path, cure)

    def _separator_cure(self, column: Column) -> str:
        """Return how to read the file if it seems to have another separator; or ""."""
        with reading(self.path), self._open() as stream:
            lines = [line for line in islice(stream, 10) if line.strip()]
        if not lines or self.names is not None:
            return ""
        key = column.key if self.is_configurable else None
        return separator_cure(lines, self.separator, column.name, key)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and fields of each row after the header that is not blank.

        Raise DataFormatError if a row has more or fewer fields than the table has columns.
        """
        n_columns = len(self.columns)
        rows = self._rows()
        if self.names is None:
            next(rows)
        for line, row in rows:
            if len(row) != n_columns:
                raise DataFormatError(
                    f"{self.path}, line {line}: {len(row)} fields where the table has {n_columns} columns, "
                    f"separated by {self.separator!r}. Correct or remove the line."
                )
            yield line, row

    def check(self, column: Column, line: int, text: str) -> None:
        """Raise DataFormatError unless a value is valid in its column."""
        self._check_decoded(line, text)
        problem = column.problem(text)
        if column.kind == "id" and len(text.strip().splitlines()) > 1:
            problem = "holds a line break; a quote may be missing, or belong to the text"
        if problem:
            raise DataFormatError(
                f"{self.path}, line {line}, column {column.name!r}: the value {shown(text)} {problem}. "
                f"{column.cure()}."
            )

    def _check_decoded(self, line: int, text: str) -> None:
        if _UNDECODABLE.search(text):
            raise DataFormatError(
                f"{self.path}, line {line}: the bytes are not {self.encoding} text. Save the file in that "
                "encoding, or read it with dataset=csv and the right dataset.encoding."
            )

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield number of the first line and fields of every row that is not blank."""
        with reading(self.path), self._open() as stream:
            if len(self.separator) > 1:
                for line, text in enumerate(stream, start=1):
                    if text.strip():
                        yield line, text.rstrip("\r\n").split(self.separator)
                return
            if not self.quoted:
                reader = csv.reader(stream, delimiter=self.separator, quoting=csv.QUOTE_NONE)
                yield from ((reader.line_num, row) for row in reader if row)
                return
            try:
                yield from quoted_rows(stream, self.separator)
            except QuoteError as error:
                cure = "Correct the line; in a field in quotes, a quote of the text is written twice"
                if self.is_configurable:
                    cure += ". Where all quotes belong to the text, set dataset.quoted=false"
                place = f"{self.path}, line {error.line}: the quote before {shown(error.field)}"
                raise DataFormatError(f"{place} {error.trouble}. {cure}.") from None

    def check_quotes(self, columns: Iterable[Column]) -> None:
        """Raise DataFormatError if a quote is not closed where its field ends, or an id has a line break."""
        with reading(self.path), open_binary(self.path) as stream:
            if self._is_like_ascii() and quotes_close_on_their_lines(stream, self.separator):
                return
        positions = [(self.position(column), column) for column in columns]
        for line, row in self.records():
            for position, column in positions:
                if "\n" in row[position] or "\r" in row[position]:
                    self.check(column, line, row[position])

    def _is_like_ascii(self) -> bool:
        """Whether separator, quote and line end are encoded as in ASCII."""
        text = f'{self.separator}"\n'
        return text.isascii() and text.encode(self.encoding).endswith(text.encode())

    def _open(self) -> TextIO:
        # Undecodable bytes become surrogates: they are an error only in columns that are read.
        utf8 = codecs.lookup(self.encoding).name == "utf-8"
        encoding = "utf-8-sig" if utf8 else self.encoding
        stream = open_binary(self.path)
        return io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")


def read_items(table: TextTable, item_id: Column, title: Column, categories: Column | None) -> ItemCatalog:
    """Read a table with one row per item and its categories, separated as in GroupLens' "Drama|War"."""
    id_at, title_at = table.position(item_id), table.position(title)
    categories_at = None if categories is None else table.position(categories)
    ids: dict[str, int] = {}
    titles: list[str] = []
    categories_of_items: list[tuple[str, ...]] = []
    for line, row in table.records():
        table.check(item_id, line, row[id_at])
        if row[id_at] in ids:
            raise DataFormatError(
                f"{table.path}, line {line}: item {row[id_at]!r} stands a second time (first on line "
                f"{ids[row[id_at]]}); an item has one row. Remove one of the two."
            )
        ids[row[id_at]] = line
        titles.append(row[title_at].strip())
        text = "" if categories_at is None else row[categories_at]
        categories_of_items.append(() if text in ("", "(no genres listed)") else tuple(text.split("|")))
    return ItemCatalog(ids_from_text(list(ids)), tuple(titles), tuple(categories_of_items))
