"""Bytes of a text file: encoding, line ends, quotes and the number of lines, in one pass."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys.datasets.fields import shown
from recsys.datasets.files import open_binary, reading
from recsys.datasets.table.binary import check_is_text
from recsys.errors import DataFormatError

BYTES_AT_ONCE = 2**23
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Letters in UTF-8 whose bytes are nonsense in cp1252, such as "é" in place of "Ã©".
_WIDE = re.compile(
    rb"\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]|[\xce-\xdb][\x80-\xbf][\xce-\xdb]|\xe2[\x80\x82][\x80-\xbf]"
    rb"|[\xe3-\xe7][\x80-\xbf]{2}|\xe0[\xa4\xb8\xb9][\x80-\xbf]"
)


@dataclass(frozen=True)
class TextScan:
    """What the bytes of a file tell.

    Parameters
    ----------
    encoding : str
        That of the byte order mark; else UTF-16 where every other byte of the beginning is zero, UTF-8 where
        all bytes are valid, or cp1252, in which Excel writes in Western Europe.
    has_plain_ends : bool
        Whether all lines end in a line feed, or all in a return and a line feed.
    has_quotes : bool
    n_lines : int
    not_utf8 : int
        The first line that is no UTF-8, 0 without.
    utf8 : (int, str), optional
        A line of which some letters are UTF-8: its number, and the text around these.
    """

    encoding: str
    has_plain_ends: bool
    has_quotes: bool
    n_lines: int
    not_utf8: int = 0
    utf8: tuple[int, str] | None = None

    def checked_encoding(self, path: Path) -> str:
        """Return the encoding; raise DataFormatError if some lines are UTF-8, and others are not."""
        if self.not_utf8 and self.utf8:
            line, text = self.utf8
            wrong = text.encode().decode("cp1252", errors="replace")
            raise DataFormatError(
                f"{path}: line {self.not_utf8} is no UTF-8 text, but others are, such as line {line} "
                f"({shown(text)}). Write the file anew as UTF-8, or set dataset.encoding=cp1252, which reads "
                f"{shown(wrong)} in line {line}."
            )
        return self.encoding


def scan(path: Path) -> TextScan:
    """Read a text file, plain or gzipped, once."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding: str | None = None
    has_quotes, last = False, b""
    n_feeds = n_returns = n_both = not_utf8 = 0
    utf8: tuple[int, str] | None = None
    with reading(path), open_binary(path) as stream:
        while block := stream.read(BYTES_AT_ONCE) + stream.readline():
            if not last:
                encoding = _at_start(block)
                check_is_text(path, block[:10_000], may_have_zeros=encoding is not None)
            has_quotes |= b'"' in block
            if encoding in (None, "cp1252") and not block.isascii():
                if utf8 is None and (wide := _WIDE.search(block)):
                    start = max(block.rfind(b"\n", 0, wide.start()) + 1, wide.start() - 20)
                    text = block[start : wide.end() + 20].decode(errors="ignore").splitlines()[0]
                    utf8 = n_feeds + block.count(b"\n", 0, wide.start()) + 1, text
                try:
                    if not not_utf8:
                        decoder.decode(block)
                except UnicodeDecodeError as error:
                    encoding, not_utf8 = "cp1252", n_feeds + block.count(b"\n", 0, error.start) + 1
            n_feeds += block.count(b"\n")
            if b"\r" in block:
                data = np.frombuffer(block, dtype=np.uint8)
                returns = data == ord("\r")
                n_returns += int(np.count_nonzero(returns))
                n_both += int(np.count_nonzero(returns[:-1] & (data[1:] == ord("\n"))))
            last = block[-1:]
    if encoding is None and decoder.getstate()[0]:  # the last character is cut off
        encoding, not_utf8 = "cp1252", n_feeds + 1
    plain = n_returns == 0 or n_returns == n_both == n_feeds
    return TextScan(
        encoding or "utf-8", plain, has_quotes, n_feeds + (last not in (b"", b"\n")), not_utf8, utf8
    )


def _at_start(block: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if block.startswith(mark):
            return encoding
    start = block[:10_000]
    even, odd = start[::2].count(b"\0"), start[1::2].count(b"\0")
    if max(even, odd) > len(start) // 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
