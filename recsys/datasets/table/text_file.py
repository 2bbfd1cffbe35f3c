"""TextFile: a delimited text file that DuckDB can read, and whose rows are counted without it."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from recsys.datasets.fields import shown
from recsys.datasets.files import open_binary, reading
from recsys.datasets.quotes import QuoteError, quoted_rows, quotes_close_on_their_lines
from recsys.datasets.table.connection import literal
from recsys.datasets.table.text_format import distinct_names, find_preamble, find_separator, split
from recsys.datasets.table.text_scan import TextScan, scan
from recsys.errors import DataFormatError

log = logging.getLogger(__name__)

LINES_TO_LOOK_AT = 1000


@dataclass(frozen=True)
class TextSettings:
    """Settings of text files; None is found by looking (a header is expected)."""

    separator: str | None = None
    quoted: bool | None = None
    encoding: str | None = None
    skip: int | None = None
    header: bool | None = None


@dataclass(frozen=True)
class TextFile:
    """A delimited text file.

    Parameters
    ----------
    path : Path
        As given, for messages.
    readable : Path
        The file, or a copy in UTF-8 with the same lines, all of which end in a line feed.
    encoding : str
        Of the file as given.
    separator : str
    quoted : bool
        Whether fields may be enclosed in double quotes.
    n_before : int
        Number of lines before the first row, the header among them.
    has_header : bool
    names : tuple of str
        The columns.
    n_lines : int or None
        Number of lines after the header, which is that of the rows unless some are empty; None if rows may
        span lines.
    """

    path: Path
    readable: Path
    encoding: str
    separator: str
    quoted: bool
    n_before: int
    has_header: bool
    names: tuple[str, ...]
    n_lines: int | None

    @property
    def sql(self) -> str:
        """The table function that reads all columns as text, strictly."""
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.names)
        quote = literal('"' if self.quoted else "")
        return (
            f"read_csv({literal(str(self.readable))}, auto_detect = false, "
            f"header = {str(self.has_header).lower()}, skip = {self._skip}, columns = {{{columns}}}, "
            f"delim = {literal(self.separator)}, quote = {quote}, escape = {quote}, strict_mode = true)"
        )

    @property
    def _skip(self) -> int:
        return self.n_before - self.has_header

    @property
    def description(self) -> str:
        """How the file is read, for the log."""
        quotes = "" if self.quoted else ", quotes as text"
        header = (
            "no header" if not self.has_header else f"header on line {self.n_before}" if self._skip else ""
        )
        return (
            f"{self.path}: {len(self.names)} columns separated by {self.separator!r}, {self.encoding}{quotes}"
            f"{', ' if header else ''}{header}"
        )

    def line_of(self, row: int) -> int:
        """Return the number of the first line of a row, which are numbered from 1."""
        if self.n_lines is None:
            return next(islice(self.rows(), row - 1, None))[0]
        with reading(self.path), open_binary(self.readable) as stream:
            lines = (number for number, line in enumerate(stream, start=1) if line.strip(b"\r\n"))
            after_header = (number for number in lines if number > self.n_before)
            return next(islice(after_header, row - 1, None))

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and fields of each row; raise DataFormatError where a quote or field is wrong."""
        rows = _records(self.path, self.readable, self.separator, self.quoted, self._skip)
        if self.has_header:
            next(rows)
        for line, row in rows:
            if len(row) != len(self.names):
                raise DataFormatError(
                    f"{self.path}, line {line}: {len(row)} fields where the table has {len(self.names)} "
                    f"columns, separated by {self.separator!r}. Correct or remove the line."
                )
            yield line, row


def prepare(path: Path, settings: TextSettings, wanted: Collection[str], folder: Path) -> TextFile:
    """Find out how a file is written.

    Parameters
    ----------
    path : Path
    settings : TextSettings
    wanted : collection of str
        Columns that the file should have.
    folder : Path
        Where to write a copy if DuckDB cannot read the file as it is.

    Raise DataFormatError if the file is empty, can be read in two ways, or has a quote that does not close.
    """
    found = scan(path)
    encoding = settings.encoding or found.checked_encoding(path)
    readable = path
    if not {encoding, found.encoding} <= {"utf-8", "utf-8-sig"} or not found.has_plain_ends:
        readable = folder / f"{len(list(folder.iterdir()))}.csv"
        _rewrite(path, readable, encoding, found.encoding)
        found = scan(readable)
    with reading(path), open_binary(readable) as binary:
        stream = io.TextIOWrapper(binary, encoding="utf-8-sig")
        lines = list(islice(stream, LINES_TO_LOOK_AT + (settings.skip or 0)))
    stated = find_preamble(lines) if settings.skip is None else None
    skip = settings.skip if settings.skip is not None else int(stated is not None)
    table = [line for line in lines[skip:] if line.strip()]
    if not table:
        raise DataFormatError(f"{path} is empty. Give a file that holds a table.")
    separator = settings.separator or stated or find_separator(path, table, wanted)
    quoted, has_header = settings.quoted is not False, settings.header is not False
    first = next(csv.reader(table, delimiter=separator)) if quoted else split(table[0], separator)
    names = distinct_names(first if has_header else [""] * len(first))
    for position, name in enumerate(first if has_header else ()):
        if (called := name.strip()) in wanted and names[position] != called:
            log.warning(
                "%s: several columns are called %s; the first is read so, and column %d as %s.",
                path, shown(called), position + 1, shown(names[position]),
            )  # fmt: skip
    n_before = skip + has_header
    n_lines = found.n_lines - n_before if _has_row_per_line(readable, found, separator, quoted) else None
    return TextFile(path, readable, encoding, separator, quoted, n_before, has_header, names, n_lines)


def _has_row_per_line(path: Path, found: TextScan, separator: str, quoted: bool) -> bool:
    if not quoted or not found.has_quotes:
        return True
    with open_binary(path) as stream:
        return quotes_close_on_their_lines(stream, separator)


def _rewrite(path: Path, copy: Path, encoding: str, found: str) -> None:
    """Write a file as UTF-8 with line feeds, line by line."""
    with reading(path), open_binary(path) as binary, copy.open("w", encoding="utf-8", newline="\n") as target:
        stream = io.TextIOWrapper(binary, encoding=encoding, newline=None)
        n_lines = 0
        try:
            for line in stream:
                target.write(line)
                n_lines += 1
        except UnicodeError:
            raise DataFormatError(
                f"{path}, after line {n_lines}: the bytes are not {encoding} text; they may be {found}. "
                "Set dataset.encoding to the encoding of the file."
            ) from None


def _records(
    path: Path, readable: Path, separator: str, quoted: bool, skip: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of the header and of each row."""
    with reading(path), open_binary(readable) as binary:
        stream = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
        for _ in range(skip):
            next(stream)
        if not quoted:
            reader = csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_NONE)
            yield from ((reader.line_num + skip, row) for row in reader if row)
            return
        try:
            yield from ((line + skip, row) for line, row in quoted_rows(stream, separator))
        except QuoteError as error:
            raise DataFormatError(
                f"{path}, line {error.line + skip}: the quote before {shown(error.field)} {error.trouble}. "
                "Correct the line; in a field in quotes, a quote of the text is written twice. Set "
                "dataset.quoted=false if all quotes belong to the text."
            ) from None
