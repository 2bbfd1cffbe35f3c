"""FimiDataset: a file of transactions in the format of the FIMI repository."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.data.nouns import Nouns
from recsys.datasets.dataset import Dataset
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.files import open_binary, reading, whole_lines
from recsys.errors import DataFormatError
from recsys.parameters import require_text

IntArray = npt.NDArray[np.int64]

BYTES_AT_ONCE = 2**24  # parsing takes some ten bytes of memory for each
MAX_DIGITS = 18  # always fit 64 bits

_IS_DIGIT = np.isin(np.arange(256), list(b"0123456789"))
_IS_KNOWN = _IS_DIGIT | np.isin(np.arange(256), list(b" \t\r\n"))


@dataclass(frozen=True)
class FimiDataset(Dataset):
    """Transactions in a text file, plain or gzipped (`.gz`): one per line, its items separated by blanks.

    The format of the workshops on Frequent Itemset Mining Implementations, FIMI 2003 and 2004 (retail, chess,
    mushroom, kosarak, ...). Items are integers of at least 0 and count once per line. A transaction is a user
    whose id is the line number; lines without items are skipped. There are no ratings.

    Parameters
    ----------
    path : str
        The file.
    name : str, optional
        Name of the dataset; the file name by default.
    """

    path: str
    name: str | None = None

    def __post_init__(self) -> None:
        require_text("path", self.path, "the path of a file", optional=False)
        require_text("name", self.name)
        object.__setattr__(self, "name", self.name or Path(self.path).name.partition(".")[0])

    def load(self) -> Interactions:
        """Read the file; the errors are those of `CsvDataset`."""
        path = Path(self.path).expanduser()
        lines, items = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        n_lines = 0
        with reading(path), open_binary(path) as stream:
            for text in whole_lines(stream, BYTES_AT_ONCE):
                line, item = _parse(text, n_lines + 1, path)
                lines.append(line)
                items.append(item)
                n_lines += text.count(b"\n")
        if not sum(map(len, items)):
            raise DataFormatError(f"{path} holds no transactions. Give a file with one transaction per line.")
        order = np.concatenate(lines)
        baskets = Interactions(order, np.concatenate(items), name=self.name or "", order_id=order)
        return resolve_duplicates(baskets, "first", path).with_nouns(Nouns.of((), has_orders=True))

    def _files(self) -> dict[str, list[Path]]:
        return {"transactions": [Path(self.path).expanduser()]}


def _parse(text: bytes, first_line: int, path: Path) -> tuple[IntArray, IntArray]:
    """Return line number and item of each item in some lines."""
    data = np.frombuffer(text, dtype=np.uint8)
    is_digit = _IS_DIGIT[data]
    edges = np.flatnonzero(np.diff(is_digit, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    if not _IS_KNOWN[data].all() or np.any(ends - starts > MAX_DIGITS):
        _explain(text, first_line, path)
    items = np.fromstring(text, dtype=np.int64, sep=" ") if len(starts) else np.empty(0, dtype=np.int64)
    ends_of_lines = np.append(np.flatnonzero(data == ord("\n")), len(data))
    lengths = np.diff(np.searchsorted(starts, ends_of_lines), prepend=0)
    return np.repeat(first_line + np.arange(len(lengths)), lengths), items


def _explain(text: bytes, first_line: int, path: Path) -> NoReturn:
    """Raise the error that describes the first invalid item."""
    number, item = next(
        (number, item)
        for number, line in enumerate(text.split(b"\n"), start=first_line)
        for item in re.findall(rb"[^ \t\r]+", line)
        if not item.isdigit() or len(item) > MAX_DIGITS
    )
    shown = item[:40].decode(errors="backslashreplace")
    rule = f"has more than {MAX_DIGITS} digits" if item.isdigit() else "is not an integer of at least 0"
    raise DataFormatError(
        f"{path}, line {number}: the item {shown!r} {rule}. A line holds the items of a transaction, "
        "separated by blanks. Correct or remove the line; dataset=csv reads files with columns."
    )
