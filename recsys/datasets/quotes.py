"""Quoted fields in delimited text: a quote that is not closed where its field ends would swallow rows."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from recsys.datasets.files import whole_lines

BYTES_AT_ONCE = 2**23

_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


class QuoteError(ValueError):
    """A quote that is not closed where its field ends; `trouble` completes "the quote before <field> ..."."""

    def __init__(self, line: int, field: str, trouble: str) -> None:
        super().__init__(line, field, trouble)
        self.line, self.field, self.trouble = line, field, trouble


def quoted_rows(stream: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the fields of every row that is not blank.

    A quoted field may span lines, unless these look like rows. Raise QuoteError if a quote is not closed,
    closed before its field ends, or closed so late that rows are swallowed.
    """
    lines: list[str] = []  # of the current row
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
        if len(lines) > 1 and n_columns > 1 and _look_like_rows(lines, separator, n_columns):
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
    """Quickly check that all quotes enclose whole fields on one line; if not, see `quoted_rows`.

    Separator, quote and line ends must be encoded as in ASCII.
    """
    edges = np.zeros(256, dtype=np.bool_)  # allowed before an opening and after a closing quote
    edges[[ord(separator), _LINE_FEED, _RETURN]] = True
    return all(_enclose_fields(block, edges) for block in whole_lines(stream, BYTES_AT_ONCE))


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
    """Yield the lines, without blanks between a closing quote and the line end, and keep them in `lines`."""
    for line in stream:
        if separator != " " and '" ' in line:
            line = re.sub(r'" +(?=[\r\n]*\Z)', '"', line)
        lines.append(line)
        yield line


def _find_open_quote(text: str, separator: str) -> int | None:
    """Return the position of the first quote that is not closed where its field ends."""
    end = rf"(?=[{re.escape(separator)}\r\n]|\Z)"
    field = re.compile(rf'"[^"]*(?:""[^"]*)*"{end}|(?!")[^{re.escape(separator)}\r\n]*')
    position = 0
    while position < len(text):
        matched = field.match(text, position)
        if matched is None:
            return position
        position = matched.end() + 1
    return None


def _look_like_rows(lines: list[str], separator: str, n_columns: int) -> bool:
    """Return whether the first and half of the other lines have the fields of a row, if quotes are text."""
    first, *others = [line.count(separator) + 1 for line in lines]  # the first may have more, in its quotes
    return first >= n_columns and 2 * others.count(n_columns) >= len(others)


def _quote_error(lines: list[str], first_line: int, opening: int, trouble: str) -> QuoteError:
    """Return the error for the quote at a position in some lines."""
    row = 0
    while opening >= len(lines[row]):
        opening -= len(lines[row])
        row += 1
    return QuoteError(first_line + row, lines[row][opening + 1 :].rstrip("\r\n"), trouble)
