"""TableDataset: a shop's own table of order lines, as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.datasets.dataset import FileDataset
from recsys.datasets.table.catalog import ItemTexts, check_one_row_each, read_texts
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.database import DatabaseSource, check_address, check_sql
from recsys.datasets.table.files import FileSource
from recsys.datasets.table.ids import IDS
from recsys.datasets.table.layouts import LAYOUTS
from recsys.datasets.table.location import locate
from recsys.datasets.table.numbers import DECIMALS
from recsys.datasets.table.orders import ORDERS, to_interactions
from recsys.datasets.table.prepared import find_files
from recsys.datasets.table.query import Typing, check_query, check_where
from recsys.datasets.table.reading import MISSING, LongReader, OrderLines
from recsys.datasets.table.similar import warn_of_similar
from recsys.datasets.table.source import Source
from recsys.datasets.table.text_file import TextSettings
from recsys.datasets.table.times import given_form
from recsys.errors import ParameterError
from recsys.parameters import require_choice, require_integer, require_text

_TEXTS = (
    "path", "database", "table", "query", "where", "timestamp_format", "encoding", "list_separator",
    "items_path", "items_query", "name",
)  # fmt: skip


@dataclass(frozen=True)
class TableDataset(FileDataset):
    """Order lines in a table: of files, read by DuckDB, or of a database.

    What is not set is found by looking at the data; what could be read in two ways raises DataFormatError,
    with both readings.

    Parameters
    ----------
    path : str, optional
        A file, a folder, or a pattern with `*`: CSV, Parquet or JSON, plain or gzipped. In SQL, the table
        is called `data`.
    files : mapping of str to str, optional
        Paths by their names in SQL, for a query; in the folder `path` if that is given.
    database : str, optional
        Instead of files: sqlite:///shop.db or postgresql://user@host/database. Passwords come from the
        environment.
    table : str, optional
        A table of the database.
    query : str, optional
        One SELECT: of DuckDB over the files, which reads nothing else, or of the database.
    where : str, optional
        Condition on the rows, in the same SQL: "Quantity > 0 and InvoiceNo not like 'C%'".
    layout : str
        How the table holds orders; see `LAYOUTS`.
    columns : mapping
        Names of the columns; see `TableColumns`. Orders without a customer are their own users.
    timestamp_format : str, optional
        Format of strptime, "seconds", "milliseconds" or "iso".
    orders : {"moment", "day", "none"}, optional
        What an order is without `columns.order_id`; see `to_interactions`.
    missing : {"error", "drop", "guest"}
        What to do with rows in which an id is empty, NULL or NaN. With "guest", orders without a customer are
        each of a customer of its own.
    ids : {"text", "integer"}, optional
        Whether ids such as 007 and 7 are two, or one; see `distinct_ids`.
    decimal : {"point", "comma"}, optional
        What stands before the decimals of numbers in text; the other one may separate thousands.
    separator, encoding : str, optional
        Of text files.
    quoted : bool, optional
        Whether fields of text files may be enclosed in double quotes.
    skip : int, optional
        Number of lines before the header of text files.
    header : bool, optional
        Whether the first line has the names of the columns, which are column1, column2, ... otherwise; true
        by default. In the layout "lines" found by looking.
    line_ids : bool, optional
        Whether the first field of a line is the id of the order, in the layout "lines"; found by looking.
    list_separator : str, optional
        What separates the items in a cell, in the layout "list".
    items_path : str, optional
        Another table, with titles and categories of the items.
    items_query : str, optional
        One SELECT of DuckDB over this table or `files` that gives titles and categories.
    items_columns : mapping
        Names of its columns `item_id`, `title` and `categories`.
    searched : sequence of str, optional
        Files of which the first in `$RECSYS_DATA_DIR/<name>/` is read if `path` is None; with an empty
        sequence the folder.
    name : str, optional
        Name of the dataset; the name of the file by default.
    """

    path: str | None = None
    files: Mapping[str, str] | tuple[tuple[str, str], ...] | None = None
    database: str | None = None
    table: str | None = None
    query: str | None = None
    where: str | None = None
    layout: str = "long"
    columns: Mapping[str, Any] | TableColumns = field(default_factory=TableColumns)
    timestamp_format: str | None = None
    orders: str | None = None
    missing: str = "error"
    ids: str | None = None
    decimal: str | None = None
    separator: str | None = None
    quoted: bool | None = None
    encoding: str | None = None
    skip: int | None = None
    header: bool | None = None
    list_separator: str | None = None
    line_ids: bool | None = None
    items_path: str | None = None
    items_query: str | None = None
    items_columns: Mapping[str, Any] | TableColumns = field(default_factory=TableColumns)
    searched: Sequence[str] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in _TEXTS:
            require_text(key, getattr(self, key))
        require_choice("layout", self.layout, tuple(LAYOUTS))
        require_choice("missing", self.missing, MISSING)
        for key, choices in {"orders": ORDERS, "ids": IDS, "decimal": DECIMALS}.items():
            if getattr(self, key) is not None:
                require_choice(key, getattr(self, key), choices)
        self._check_text_settings()
        for key in ("files", "database", "query", "where") if LAYOUTS[self.layout].reads_lines else ():
            if getattr(self, key):
                raise ParameterError(key, f"null with layout: {self.layout}", getattr(self, key))
        if self.list_separator is not None and self.layout != "list":
            raise ParameterError("list_separator", "null without layout: list", self.list_separator)
        self._check_sql()
        if self.timestamp_format is not None:
            given_form(self.timestamp_format)
        # Named tuples instead of the config's mappings, so that equal datasets are equal and hash alike.
        object.__setattr__(self, "columns", self._checked_columns())
        object.__setattr__(self, "items_columns", TableColumns.of(self.items_columns, "items_columns"))
        if self.searched is not None:
            object.__setattr__(self, "searched", tuple(self.searched))
        given = self._tables()
        object.__setattr__(self, "files", given)
        first = next(iter(given))[0] if given else ""
        called = self.table or Path(self.path or self.database or first).name.partition(".")[0]
        object.__setattr__(self, "name", self.name or called)

    def _checked_columns(self) -> TableColumns:
        columns = TableColumns.of(self.columns)
        if columns.item_id is None:
            raise ParameterError("columns.item_id", "the name of a column", None)
        if isinstance(columns.item_id, tuple) and not LAYOUTS[self.layout].item_columns:
            raise ParameterError("columns.item_id", f"one column with layout: {self.layout}", columns.item_id)
        if LAYOUTS[self.layout].reads_lines and columns != TableColumns():
            raise ParameterError("columns", "left out with layout: lines, which has none", self.columns)
        if self.orders is not None and (columns.order_id or not columns.user_id or not columns.timestamp):
            rule = "null, unless columns.user_id and columns.timestamp tell orders, and no columns.order_id"
            raise ParameterError("orders", rule, self.orders)
        return columns

    def _check_sql(self) -> None:
        for key in ("query", "items_query", "where"):
            sql = getattr(self, key)
            if sql is None:
                continue
            if self.database is not None and key != "items_query":
                check_sql(key, sql)
            elif key == "where":
                check_where(sql)
            else:
                check_query(sql, key)
        if self.database is not None:
            check_address(self.database)
            if (self.table is None) == (self.query is None):
                raise ParameterError("table", "given, or else dataset.query", self.table)
        elif self.table is not None:
            raise ParameterError("table", "null without dataset.database", self.table)

    def _check_text_settings(self) -> None:
        for key in ("separator", "list_separator"):
            if getattr(self, key) == r"\t":  # A tab, as a shell passes it on.
                object.__setattr__(self, key, "\t")
        is_one = (
            isinstance(self.separator, str) and len(self.separator) == 1 and self.separator not in '\r\n"'
        )
        if self.separator is not None and not is_one:
            raise ParameterError("separator", "one character, or null", self.separator)
        for key in ("quoted", "header", "line_ids"):
            if getattr(self, key) not in (None, True, False):
                raise ParameterError(key, "true, false or null", getattr(self, key))
        if self.skip is not None:
            require_integer("skip", self.skip, minimum=0)
        try:
            "".encode(self.encoding or "utf-8")
        except LookupError:
            raise ParameterError("encoding", "an encoding that Python knows", self.encoding) from None

    def _tables(self) -> tuple[tuple[str, str], ...] | None:
        """Return the files by their names in SQL."""
        given = dict(self.files or {})
        is_searched = self.searched is not None and self.name is not None
        if self.path is None and not given and self.database is None and not is_searched:
            rule, cure = (
                "given, or else dataset.files or dataset.database",
                "For example dataset.path=sales.csv.",
            )
            raise ParameterError("path", rule, self.path, cure)
        if self.database is not None and (self.path is not None or given):
            raise ParameterError("database", "null with dataset.path or dataset.files", self.database)
        for name, path in given.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise ParameterError("files", "paths by names such as orders", name)
            require_text(f"files.{name}", path, "a path", optional=False)
        if given and self.query is None:
            raise ParameterError("query", f"one SELECT over the tables {', '.join(given)}", None)
        return tuple(given.items()) or None

    @property
    def source(self) -> Source:
        """Where the table is."""
        columns = TableColumns.of(self.columns)
        if self.database is not None:
            return DatabaseSource(self.database, self.table, self.query, self.where)
        return FileSource(
            self._located(),
            TextSettings(self.separator, self.quoted, self.encoding, self.skip, self.header),
            self.query,
            self.where,
            Typing(self.decimal, self.timestamp_format, columns.timestamp),
        )

    @property
    def reader(self) -> LongReader:
        """The reader of the order lines."""
        return LongReader(
            self.source, LAYOUTS[self.layout].of(self), TableColumns.of(self.columns), self.ids, self.missing,
            self.decimal, self.timestamp_format,
        )  # fmt: skip

    def _located(self) -> tuple[tuple[str, str], ...]:
        """Return the paths by their names in SQL; search for them if no path is given."""
        path = self.path
        if path is None and self.searched is not None:
            path = str(locate(self.name or "", self.searched))
        if not self.files:
            return (("data", path or ""),)
        folder = Path(path or "")
        return tuple((name, str(folder / file)) for name, file in dict(self.files).items())

    @property
    def items_source(self) -> FileSource | None:
        """Where the titles and categories of the items are, if not in the table itself."""
        if self.items_path is None and self.items_query is None:
            return None
        tables = self._located() if self.items_path is None else (("data", self.items_path),)
        return FileSource(tables, TextSettings(), self.items_query)

    def _files(self) -> dict[str, list[Path]]:
        items = {} if self.items_path is None else {"items": find_files(self.items_path)}
        return self.source.files() | items

    def content_digests(self) -> dict[str, str] | None:
        """Return digests of the files by role; None for a server, which has no files."""
        return super().content_digests() if self._files() else None

    def _read(self) -> Interactions:
        return self.interactions(self.reader.read())

    def interactions(self, lines: OrderLines) -> Interactions:
        """Return the interactions of order lines that have been read, with the catalog of the items."""
        can_query = self.layout == "long" and self.path is not None and not (self.query or self.files)
        found = to_interactions(lines, self.orders, self.duplicates, self.source.label, can_query)
        texts = lines.texts.with_numbers(self.ids)
        if self.items_source is not None:
            texts = texts.merge(self._item_texts(self.items_source, found.item_id))
        item_id = np.unique(found.item_id)
        columns = TableColumns.of(self.columns)
        warn_of_similar(item_id, self.source.label, str(columns.item_id) if can_query else None)
        items = texts.catalog(item_id) if texts else None
        return replace(found, name=self.name or "", items=items)

    def _item_texts(self, source: FileSource, item_id: npt.NDArray[Any]) -> ItemTexts:
        columns = TableColumns.of(self.items_columns)
        with source.open(columns.used()) as table:
            check_one_row_each(table.relation, columns, source.label)
            texts = read_texts(table.relation, columns, "dataset.items_columns", source.label)
        texts = texts.with_numbers(self.ids)
        texts.check_items(np.unique(item_id), source.label)
        return texts
