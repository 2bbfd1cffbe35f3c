"""Text tables: delimited files, how they are opened, and what is said of one that is damaged."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TextIO

from recsys.datasets.fields import Column
from recsys.errors import DataFormatError, DataNotFoundError

# What undecodable bytes become under the error handler "surrogateescape".
_UNDECODABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TextTable:
    """A delimited text file, plain or gzipped (`.gz`).

    Parameters
    ----------
    path : Path
        The file.
    separator : str
        What stands between two fields: one character, or GroupLens' "::".
    encoding : str
        Encoding of the text.
    quoted : bool
        Whether fields may stand in double quotes, as in CSV.
    names : tuple of str, optional
        Column names of a file without a header line.
    """

    path: Path
    separator: str = ","
    encoding: str = "utf-8"
    quoted: bool = True
    names: tuple[str, ...] | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the file.

        Raises
        ------
        DataFormatError
            If the file is empty or its first line cannot be decoded.
        """
        line, first = next(self._rows(), (1, None))
        if first is None:
            raise DataFormatError(f"{self.path} is empty. Give a file that holds a table.")
        for field in first:
            self._check_decoded(line, field)
        return self.names or tuple(first)

    def position(self, column: Column) -> int:
        """Return the index of a column; raise DataFormatError unless the file has it exactly once."""
        count = self.columns.count(column.name)
        if count != 1:
            found = ", ".join(map(repr, self.columns))
            trouble = f"has {count} columns" if count else "has no column"
            cure = f"Set {column.key} to the right one" if column.key else "Restore the file's header line"
            if column.key and len(self.columns) == 1:
                cure += f", or dataset.separator, which is {self.separator!r} now"
            raise DataFormatError(f"{self.path} {trouble} {column.name!r}; it has {found}. {cure}.")
        return self.columns.index(column.name)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the fields of each row after the header; blank lines are skipped.

        Raises
        ------
        DataFormatError
            If a row has more or fewer fields than the table has columns.
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
        """Raise DataFormatError unless a value is what its column must hold."""
        self._check_decoded(line, text)
        if problem := column.problem(text):
            raise DataFormatError(
                f"{self.path}, line {line}, column {column.name!r}: the value {text!r} {problem}. "
                f"{column.cure()}."
            )

    def _check_decoded(self, line: int, text: str) -> None:
        if _UNDECODABLE.search(text):
            raise DataFormatError(
                f"{self.path}, line {line}: the bytes are not {self.encoding} text. Save the file in that "
                "encoding, or read it with dataset=csv and the right dataset.encoding."
            )

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row that is not blank with the number of the line on which it starts."""
        with reading(self.path), self._open() as stream:
            if len(self.separator) > 1:
                for line, text in enumerate(stream, start=1):
                    if text.strip():
                        yield line, text.rstrip("\r\n").split(self.separator)
                return
            quotes: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
            reader = csv.reader(stream, delimiter=self.separator, quoting=quotes)
            line = 1
            for row in reader:
                if row:
                    yield line, row
                line = reader.line_num + 1

    def _open(self) -> TextIO:
        # A byte order mark is no part of the first column's name. Undecodable bytes are let through as
        # surrogates: only those in a field that is read are an error.
        utf8 = codecs.lookup(self.encoding).name == "utf-8"
        encoding = "utf-8-sig" if utf8 else self.encoding
        if self.path.suffix == ".gz":
            return gzip.open(self.path, "rt", encoding=encoding, errors="surrogateescape", newline="")
        return self.path.open(encoding=encoding, errors="surrogateescape", newline="")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into errors that name the file and the cure."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise DataNotFoundError(
            f"{path} cannot be read: {error.strerror}. Put the file there, or name one that can be read."
        ) from error
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise DataFormatError(f"{path} is damaged: {reason}. Put a sound copy in its place.") from error


def fingerprint(*paths: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a file does: path, size and time of modification in milliseconds."""
    found = []
    for path in paths:
        with reading(path):
            status = path.stat()
        found.append((str(path.resolve()), status.st_size, status.st_mtime_ns // 1_000_000))
    return tuple(found)
