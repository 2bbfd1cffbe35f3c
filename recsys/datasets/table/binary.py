"""Refuse files that are no text, such as Excel workbooks and databases."""

from pathlib import Path

from optuna_sweeper.shell import typed_override
from recsys.errors import DataFormatError

SQLITE = b"SQLite format 3\0"
# What a file is, by its first bytes, and what to do with it.
_KINDS = {
    b"PK\x03\x04": ("an Excel workbook, or another archive", "Save the sheet as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save the sheet as CSV"),
    b"PAR1": ("a Parquet file", "Give it a name that ends in .parquet"),
    b"%PDF": ("a PDF", "Export the table as CSV"),
}


def check_is_text(path: Path, start: bytes, *, may_have_zeros: bool) -> None:
    """Raise DataFormatError unless a file seems to be text, by its first bytes."""
    if start.startswith(SQLITE):
        database = typed_override("dataset.database", str(path))
        raise DataFormatError(
            f"{path} is an SQLite database. Set dataset.path=null {database}, and dataset.table to one of "
            "its tables."
        )
    for mark, (kind, cure) in _KINDS.items():
        if start.startswith(mark):
            raise DataFormatError(f"{path} is {kind}. {cure}, and read that.")
    if b"\0" in start and not may_have_zeros:
        raise DataFormatError(f"{path} is no text. Export the table as CSV, Parquet or JSON, and read that.")
