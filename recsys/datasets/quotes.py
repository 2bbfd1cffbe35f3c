"""Quotes in delimited text: each must be closed where its field ends, or rows would be swallowed."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

BYTES_AT_ONCE = 2**23

_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


class QuoteError(ValueError):
    """A quote that is not closed where its field ends.

    Parameters
    ----------
    line : int
        Number of the line on which it opens.
    field : str
        The field that it opens.
    trouble : str
        What is wrong with it; completes the sentence "the quote before <field> ...".
    """

    def __init__(self, line: int, field: str, trouble: str) -> None:
        super().__init__(line, field, trouble)
        self.line, self.field, self.trouble = line, field, trouble


def quoted_rows(stream: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not blank with the number of the line on which it starts.

    A field in quotes may span lines, unless the lines read as rows of their own: then a quote is likely to be
    missing, or to belong to the text.

    Parameters
    ----------
    stream : iterable of str
        Lines with their line ends.
    separator : str
        The character between two fields.

    Raises
    ------
    QuoteError
        If a quote is not closed, closed before its field ends, or closed so late that rows are swallowed.
    """
    lines: list[str] = []  # of the row that is being read
    reader = csv.reader(_recorded(stream, separator, lines), delimiter=separator, strict=True)
    line, n_columns = 1, 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            opening = _find_open_quote("".join(lines), separator)
            if opening is None:
                raise
            trouble = "is never closed"
            if "expected after" in str(error):
                last = line + len(lines) - 1
                trouble = (
                    f"is followed by another on line {last}, which neither ends the field nor is doubled"
                )
            raise _quote_error(lines, line, opening, trouble) from None
        if len(lines) > 1 and n_columns > 1 and _read_as_rows(lines, separator, n_columns):
            opening = _find_open_quote(lines[0], separator) or 0
            last = line + len(lines) - 1
            trouble = f"is closed on line {last} only, and the lines up to there read as rows of their own"
            raise _quote_error(lines, line, opening, trouble)
        n_columns = n_columns or len(row)
        if row:
            yield line, row
        line += len(lines)
        lines.clear()


def quotes_close_on_their_lines(stream: BinaryIO, separator: str) -> bool:
    """Tell quickly whether all quotes enclose whole fields, each within a line and without quotes in it.

    False does not mean that something is wrong: `quoted_rows` tells.

    Parameters
    ----------
    stream : binary file
        Text in an encoding that writes separator, quote and line ends as ASCII does.
    separator : str
    """
    edges = np.zeros(256, dtype=np.bool_)  # what may stand before an opening and after a closing quote
    edges[[ord(separator), _LINE_FEED, _RETURN]] = True
    unfinished = stream.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
    while block := stream.read(BYTES_AT_ONCE):
        lines, line_end, start = block.rpartition(b"\n")
        if not line_end:
            unfinished += block
            continue
        if not _enclose_fields(unfinished + lines, edges):
            return False
        unfinished = start
    return _enclose_fields(unfinished, edges)


def _enclose_fields(lines: bytes, edges: npt.NDArray[np.bool_]) -> bool:
    if b'"' not in lines:
        return True
    text = np.frombuffer(b"\n" + lines + b"\n", dtype=np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    line_ends = np.flatnonzero((text == _LINE_FEED) | (text == _RETURN))
    on_one_line = np.searchsorted(line_ends, opening) == np.searchsorted(line_ends, closing)
    return bool(edges[text[opening - 1]].all() and edges[text[closing + 1]].all() and on_one_line.all())


def _recorded(stream: Iterable[str], separator: str, lines: list[str]) -> Iterator[str]:
    """Yield the lines, and keep them in `lines`; blanks between a closing quote and the line end go."""
    for line in stream:
        if separator != " " and '" ' in line:
            line = re.sub(r'" +(?=[\r\n]*\Z)', '"', line)
        lines.append(line)
        yield line


def _find_open_quote(text: str, separator: str) -> int | None:
    """Return the position of the first quote that is not closed where its field ends; None without one."""
    end = rf"(?=[{re.escape(separator)}\r\n]|\Z)"
    field = re.compile(rf'"[^"]*(?:""[^"]*)*"{end}|(?!")[^{re.escape(separator)}\r\n]*')
    position = 0
    while position < len(text):
        matched = field.match(text, position)
        if matched is None:
            return position
        position = matched.end() + 1
    return None


def _read_as_rows(lines: list[str], separator: str, n_columns: int) -> bool:
    """Tell whether the lines of a row would be rows each, were quotes text: the first and half of the others.

    The first may have more separators, within the quotes that are not closed.
    """
    first, *others = [line.count(separator) + 1 for line in lines]
    return first >= n_columns and 2 * others.count(n_columns) >= len(others)


def _quote_error(lines: list[str], first_line: int, opening: int, trouble: str) -> QuoteError:
    """Return the error for the quote at a position in some lines."""
    row = 0
    while opening >= len(lines[row]):
        opening -= len(lines[row])
        row += 1
    return QuoteError(first_line + row, lines[row][opening + 1 :].rstrip("\r\n"), trouble)
