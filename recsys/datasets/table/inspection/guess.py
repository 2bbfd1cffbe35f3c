"""Guess the layout of a table, and the roles of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.datasets.table.inspection.profile import ColumnProfile
from recsys.datasets.table.inspection.roles import Roles, find_roles
from recsys.datasets.table.layouts.item_columns import numbered, pattern_of
from recsys.datasets.table.names import guess_roles

MIN_FLAGS = 3  # columns of a one-hot table


@dataclass(frozen=True)
class Guess:
    """A layout with its reason, and the roles of the columns."""

    layout: str
    reason: str
    roles: Roles


def guess(columns: Sequence[ColumnProfile], *, has_header: bool = True) -> Guess:
    """Return the layout of a table and the roles of its columns; without a header their names say nothing."""
    named = _one_hot(columns) or _wide(columns) if has_header else None
    return named or _list(columns) or _long(columns)


def _one_hot(columns: Sequence[ColumnProfile]) -> Guess | None:
    flags = [one for one in columns if one.kind == "flag" and not guess_roles(one.name)]
    counts = [
        one for one in columns if one.kind == "integer" and "0" in one.examples and not guess_roles(one.name)
    ]
    others = [one for one in columns if one not in flags and one not in counts]
    if len(flags) + len(counts) < max(MIN_FLAGS, len(columns) - 4):
        return None
    roles = find_roles(others, is_long=False)
    used = _names(roles)
    left = [one.name for one in others if one.name not in used]
    if counts or left:
        roles.take("item_id", ["*", *(f"!{name}" for name in left)] if left else "*", "the names of columns")
    what = "0 or 1" if not counts else "counts"
    return Guess("one_hot", f"{len(flags) + len(counts)} columns hold {what}", roles)


def _wide(columns: Sequence[ColumnProfile]) -> Guess | None:
    names = [one.name for one in columns]
    texts = {one.name for one in columns if one.kind in ("text", "empty", "integer")}
    series = [one for one in numbered(names) if set(one) <= texts]
    if not series:
        return None
    items = [one for one in series if "item_id" in guess_roles(one[0])] or series
    if len(items) > 1 and len(items[0]) == len(items[1]):
        return None
    repeated = {name for one in numbered(names) for name in one}
    roles = find_roles([one for one in columns if one.name not in repeated], is_long=False)
    if len(numbered(names)) > 1:
        patterns = pattern_of(items[0], names)
        roles.take("item_id", patterns[0] if len(patterns) == 1 else patterns, "numbered columns")
    return Guess("wide", f"{items[0][0]} to {items[0][-1]} are {len(items[0])} numbered columns", roles)


def _list(columns: Sequence[ColumnProfile]) -> Guess | None:
    lists = [one for one in columns if one.looks_like_lists]
    if not lists:
        return None
    best = max(lists, key=lambda one: (one.kind == "list", "item_id" in guess_roles(one.name)))
    roles = find_roles([one for one in columns if one is not best], is_long=False)
    orders = [one for one in columns if one.name == roles.columns.get("order_id")]
    if orders and 2 * orders[0].n_distinct < orders[0].n_rows:  # several rows of an order
        return None
    roles.take("item_id", best.name, f"its values are lists, such as {best.examples[0]}")
    return Guess("list", f"the cells of {best.name} hold lists", roles)


def _long(columns: Sequence[ColumnProfile]) -> Guess:
    roles = find_roles(columns)
    reason = "a row for each item of an order"
    by_name = {one.name: one for one in columns}
    orders = by_name.get(str(roles.columns.get("order_id")))
    if orders is not None and orders.n_distinct:
        reason += f": {orders.n_rows:,} rows of {orders.n_distinct:,} orders"
    return Guess("long", reason, roles)


def _names(roles: Roles) -> set[str]:
    """Return the columns that have a role."""
    names = [[found] if isinstance(found, str) else found for found in roles.columns.values()]
    return {name for some in names for name in some}
