"""Inspection: what a table is, how it is read, and the settings that read it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import masked
from recsys.data.interactions import Interactions
from recsys.datasets.files import reading
from recsys.datasets.table.binary import SQLITE
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.connection import identifier
from recsys.datasets.table.database import DatabaseSource
from recsys.datasets.table.dataset import TableDataset
from recsys.datasets.table.files import FileSource
from recsys.datasets.table.inspection.first_lines import first_lines, line_form
from recsys.datasets.table.inspection.guess import Guess, guess
from recsys.datasets.table.inspection.known import known_folder, known_items, known_table
from recsys.datasets.table.inspection.profile import ColumnProfile, profile
from recsys.datasets.table.inspection.roles import Roles, notes
from recsys.datasets.table.layouts.layout import count, query
from recsys.datasets.table.prepared import find_files, kind_of
from recsys.datasets.table.source import ROW, OpenTable
from recsys.errors import DataError, DataFormatError, DataNotFoundError, ParameterError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

N_ORDERS, N_ROWS = 3, 1000  # that are shown, and from which

Known = Callable[[str], Mapping[str, Any]]


@dataclass
class Inspection:
    """What was found out about a table.

    Parameters
    ----------
    path : str
        As given.
    place : dict of str to str
        The setting `path`, or `database` and, if it has only one, `table`.
    choice : str
        Of the config group `dataset`: "table", or a data set that has a config of its own.
    settings : dict
        Those of the dataset that differ from its config.
    columns : list of ColumnProfile
        Empty if a line is an order.
    layout, reason : str
    roles : Roles
    format : list of str
        How the file is written and read.
    warnings : list of str
        What was left out or decided.
    problems : list of str
        Why the table cannot be read yet, each with what to set.
    counts : dict of str to int
        Numbers of users, orders, items and rows, as read.
    orders : list of (str, list of str)
        The first orders, as read: user and order, and the titles of the items.
    has_customers, has_times : bool
    """

    path: str
    place: dict[str, str] = field(default_factory=dict)
    choice: str = "table"
    settings: dict[str, Any] = field(default_factory=dict)
    columns: list[ColumnProfile] = field(default_factory=list)
    layout: str = "long"
    reason: str = ""
    roles: Roles = field(default_factory=Roles)
    format: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    orders: list[tuple[str, list[str]]] = field(default_factory=list)
    has_customers: bool = False
    has_times: bool = False


def inspect(path: str, given: Mapping[str, Any], known: Known) -> Inspection:
    """Look at a table and try the settings that should read it.

    Parameters
    ----------
    path : str
        File, folder or pattern, or a database, as for `TableDataset`.
    given : mapping
        Settings of `TableDataset` that are known.
    known : callable
        Returns the settings of a data set that has a config of its own.

    Raise DataNotFoundError if there is no such file, and DataFormatError if it is no table.
    """
    found = Inspection(path, {"path": path}, settings=dict(given))
    with _messages(found):
        try:
            _recognise(found, known)
        except DataNotFoundError:
            raise
        except (DataError, ParameterError) as error:
            if not found.columns and "dataset." not in str(error):  # no setting helps
                raise
            found.problems.append(str(error))
    return found


def _recognise(found: Inspection, known: Known) -> None:
    """Find the layout and the roles of the columns, and read the table."""
    if name := known_folder(Path(found.path).expanduser()):
        found.choice, found.reason = name, "its files"
        _read(found, known)
        return
    if _is_database(found.path):
        found.place = _database(found)
    elif kind_of(file := find_files(found.path)[0]) == "text" and "layout" not in found.settings:
        skip = found.settings.get("skip")
        lines = first_lines(file)[skip if isinstance(skip, int) else 0 :]
        form = line_form(lines)
        if form.skip:
            found.settings.setdefault("skip", form.skip)
        if not form.header and not form.orders:
            found.settings.setdefault("header", False)
        if form.orders:
            found.layout, found.reason = "lines", form.orders
            found.settings["layout"] = "lines"
            if name := known_items([item.strip() for line in lines for item in line.split(",")]):
                found.choice, found.reason = name, "its items"
                del found.settings["layout"]
            _read(found, known)
            return
    with TableDataset(**{**found.settings, **found.place}).source.open(()) as table:
        names = [name for name in table.relation.columns if name != ROW]
        found.columns = profile(table.relation, names)
        if not found.columns or not found.columns[0].n_rows:
            found.columns = []
            raise DataFormatError(f"{found.path} has no rows. Give a table that holds some.")
        if name := known_table(names):
            found.choice, found.layout, found.reason = name, "long", "its columns"
        else:
            proposed = guess(found.columns, has_header=found.settings.get("header") is not False)
            found.warnings += notes(proposed.roles, found.columns)
            _propose(found, proposed, table.relation)
        _read(found, known, table)


def _propose(found: Inspection, proposed: Guess, table: DuckDBPyRelation) -> None:
    """Turn a guess into settings; those that are given stay."""
    found.layout, found.reason, found.roles = proposed.layout, proposed.reason, proposed.roles
    columns = {**proposed.roles.columns, **found.settings.get("columns", {})}
    if columns.get("item_id") == TableColumns().item_id:
        del columns["item_id"]
    settings: dict[str, Any] = {"columns": columns} if columns else {}
    if proposed.layout != "long":
        settings["layout"] = proposed.layout
    missing = {one.name: one.n_missing for one in found.columns}
    roles = TableColumns.of(columns)
    lacking = [name for name in roles.used(("order_id", "item_id")) if missing.get(name)]
    conditions = []
    if roles.order_id and missing.get(roles.user_id or ""):
        settings["missing"] = "guest"
        # Lines without an item are left out, and not all those without a customer.
        conditions += [f"{_bare(name)} is not null" for name in lacking if proposed.layout == "long"]
    elif lacking and proposed.layout == "long":
        settings["missing"] = "drop"
    if roles.quantity and (condition := _positive(table, roles.quantity)):
        conditions.append(condition)
    if conditions:
        settings["where"] = " and ".join(conditions)
    found.settings = {**settings, **found.settings, **({"columns": columns} if columns else {})}


def _positive(table: DuckDBPyRelation, name: str) -> str | None:
    """Return the condition that leaves out quantities of at most 0, such as returns; None without."""
    number = f"try_cast(replace(CAST({identifier(name)} AS VARCHAR), ',', '.') AS DOUBLE)"
    return f"{_bare(name)} > 0" if count(table, f"{number} <= 0") else None


def _bare(name: str) -> str:
    """Return a name as SQL needs it, without quotes where it can do without."""
    return name if name.isidentifier() else identifier(name)


def _read(found: Inspection, known: Known, table: OpenTable | None = None) -> None:
    """Read the table, which may be open, with the settings found, and describe what was read."""
    given = found.settings.get("columns", {})
    found.problems += [text for role, text in found.roles.unclear.items() if role not in given]
    if found.problems:
        return
    config = {} if found.choice == "table" else known(found.choice)
    dataset = TableDataset(**{**config, **found.settings, **found.place})
    if table is None or dataset.query != found.settings.get("query") or not _can_filter(dataset):
        lines = dataset.reader.read()
    else:
        lines = dataset.reader.read_open(_filtered(table, dataset))
    customers = None
    if lines.is_guest is not None and lines.user_id is not None:
        customers = set(lines.user_id[~lines.is_guest].tolist())
    read = dataset.interactions(lines)
    found.has_customers = read.has_customers
    found.has_times = read.timestamp is not None
    found.counts = {"entries": len(read), "items": read.n_items}
    if read.order_id is None:
        found.counts["users"] = read.n_users
    else:
        found.counts["orders"] = _n_orders(read)
    found.orders = _first_orders(read, customers)


def _is_database(path: str) -> bool:
    """Whether a path is the address of a database, or an SQLite file."""
    file = Path(path).expanduser()
    if "://" in path or not file.is_file():
        return "://" in path
    with reading(file), file.open("rb") as stream:
        return stream.read(len(SQLITE)) == SQLITE


def _database(found: Inspection) -> dict[str, str]:
    """Return the settings of a database; raise DataError if it has several tables, of which none is given."""
    if masked(found.path) != found.path:
        raise DataError(f"{found.path} has a password. Leave it out, and set PGPASSWORD in the environment.")
    place = {"database": found.path}
    if {"table", "query"} & found.settings.keys():
        return place
    tables = DatabaseSource(found.path).tables()
    if len(tables) != 1:
        names = ", ".join(tables) or "none"
        raise DataError(f"The database has the tables {names}. Set dataset.table to one, or dataset.query.")
    return {**place, "table": tables[0]}


def _can_filter(dataset: TableDataset) -> bool:
    """Whether the condition on rows applies to an open table: it is not in the SQL of a database."""
    return dataset.where is None or dataset.database is None


def _filtered(table: OpenTable, dataset: TableDataset) -> OpenTable:
    """Return the rows that meet the condition of a dataset."""
    if not isinstance(dataset.source, FileSource) or dataset.where is None:
        return table
    if table.check_count is not None:
        table.check_count(count(table.relation, "true"))
    kept = dataset.source.filtered(table.relation)
    if dataset.layout == "long":
        kept = kept.project(", ".join(map(identifier, (ROW, *TableColumns.of(dataset.columns).used()))))
    # Stored, because each of several looks would filter it again.
    kept.create("recsys_kept")
    return replace(table, relation=query(kept, "FROM recsys_kept"), check_count=None)


def _n_orders(read: Interactions) -> int:
    order = read.positives().order
    return len(set(read.user_id.tolist())) if order is None else int(order.max()) + 1


def _first_orders(read: Interactions, customers: Container[Any] | None) -> list[tuple[str, list[str]]]:
    """Return the first orders; without `customers` all users are such."""
    orders = read.user_id if read.order_id is None else read.order_id
    keys = list(zip(read.user_id[:N_ROWS].tolist(), orders[:N_ROWS].tolist(), strict=True))
    titles = read.titles(read.item_id[:N_ROWS])
    rows = [list(group) for _, group in groupby(range(len(keys)), key=keys.__getitem__)]
    return [
        (_name(read, *keys[some[0]], some[0], customers), [titles[row] for row in some])
        for some in rows[:N_ORDERS]
    ]


def _name(read: Interactions, user: Any, order: Any, row: int, customers: Container[Any] | None) -> str:
    """Return the name of an order: its id, its customer, its time."""
    is_guest = customers is not None and user not in customers
    customer = " without a customer" if is_guest else "" if user == order else f" of {user}"
    parts = [f"{order}{customer}"]
    if read.timestamp is not None:
        time = datetime.fromtimestamp(int(read.timestamp[row]), UTC).isoformat(" ").partition("+")[0]
        parts.append(time.removesuffix(" 00:00:00"))
    return ", ".join(parts)


@contextmanager
def _messages(found: Inspection) -> Iterator[None]:
    """Collect what reading logs."""
    handler = _Collector(found)
    logger = logging.getLogger("recsys.datasets")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Collector(logging.Handler):
    """Adds the messages of a logger to an inspection, once each."""

    def __init__(self, found: Inspection) -> None:
        super().__init__()
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        target = self._found.warnings if record.levelno >= logging.WARNING else self._found.format
        if (text := record.getMessage()) not in target:
            target.append(text)
