"""TableDataset: a shop's own table of order lines, as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recsys.data.interactions import Interactions
from recsys.datasets.dataset import FileDataset
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.layouts import LAYOUTS
from recsys.datasets.table.reading import read_long
from recsys.datasets.table.source import FileSource, Source
from recsys.errors import ParameterError
from recsys.parameters import require_choice, require_integer, require_text

MISSING = ("error", "drop")


@dataclass(frozen=True)
class TableDataset(FileDataset):
    """Order lines in a table.

    The data flows from a source (source.py), which opens a DuckDB relation, through a layout (layouts.py),
    which makes it a long one, to the columns of interactions (reading.py).

    Parameters
    ----------
    path : str, optional
        A file, a folder, or a pattern with `*`: CSV, Parquet or JSON, plain or gzipped.
    layout : str
        See `LAYOUTS`.
    columns : mapping
        Names of the columns; see `TableColumns`.
    """

    path: str | None = None
    layout: str = "long"
    columns: Mapping[str, Any] | TableColumns = field(default_factory=TableColumns)
    where: str | None = None
    timestamp_format: str | None = None
    missing: str = "error"
    separator: str | None = None
    encoding: str | None = None
    skip: int | None = None
    header: bool | None = None
    list_separator: str | None = None
    items_path: str | None = None
    items_columns: Mapping[str, Any] | TableColumns = field(default_factory=TableColumns)
    name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("path", "where", "timestamp_format", "separator", "encoding", "items_path", "name"):
            require_text(key, getattr(self, key))
        require_choice("layout", self.layout, tuple(LAYOUTS))
        require_choice("missing", self.missing, MISSING)
        require_text("list_separator", self.list_separator)
        if self.header not in (None, True, False):
            raise ParameterError("header", "true, false or null", self.header)
        if self.skip is not None:
            require_integer("skip", self.skip, minimum=0)
        if self.path is None:
            raise ParameterError("path", "the path of a file, a folder or a pattern", None)
        # Named tuples instead of the config's mappings, so that equal datasets are equal and hash alike.
        columns = TableColumns.of(self.columns)
        if isinstance(columns.item_id, tuple) and not LAYOUTS[self.layout].item_columns:
            raise ParameterError("columns.item_id", f"one column with layout: {self.layout}", columns.item_id)
        object.__setattr__(self, "columns", columns)
        if self.list_separator == r"\t":  # a tab, as a shell passes it on
            object.__setattr__(self, "list_separator", "\t")
        object.__setattr__(self, "items_columns", TableColumns.of(self.items_columns, "items_columns"))
        object.__setattr__(self, "name", self.name or Path(self.path).name.partition(".")[0])

    @property
    def source(self) -> Source:
        """Where the table is."""
        return FileSource(self.path or "", self.separator, None, self.encoding, self.skip, self.where)

    def _files(self) -> dict[str, list[Path]]:
        return self.source.files()

    def _read(self) -> Interactions:
        columns, layout = TableColumns.of(self.columns), LAYOUTS[self.layout].of(self)
        with self.source.open(columns.used(), lines=layout.reads_lines) as data:
            arrays = read_long(*layout.long(data, columns))
        order = arrays.pop("order_id0", None)
        given: dict[str, Any] = {name.removesuffix("0"): array for name, array in arrays.items()}
        if order is not None:
            given["order_id"] = order
        given.setdefault("user_id", given["order_id"])
        rule = self.duplicates if columns.rating else "first"
        return resolve_duplicates(Interactions(**given, name=self.name or ""), rule, self.path or "")
