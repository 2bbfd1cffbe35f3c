"""Guess the roles of columns from their names and values."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from recsys.datasets.table.inspection.profile import ColumnProfile
from recsys.datasets.table.names import guess_roles, is_number, is_total

NUMBERS = ("flag", "integer", "number", "number with a comma")
# Kinds of values that a role may have; others may have all.
KINDS = {
    "timestamp": ("time", "integer"),
    "quantity": NUMBERS,
    "price": NUMBERS,
    "margin": NUMBERS,
    "rating": NUMBERS,
}
ROLES = ("item_id", "order_id", "user_id", "timestamp", "quantity", "price", "margin", "rating", "title")


@dataclass
class Roles:
    """Columns by role as for `TableColumns`, the reason of each, and what cannot be told.

    Parameters
    ----------
    columns : dict of str to (str or list of str)
    reasons : dict of str to str
        By role.
    unclear : dict of str to str
        Sentences that say what to set, by role.
    """

    columns: dict[str, str | list[str]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)

    def take(self, role: str, column: str | list[str], reason: str) -> None:
        """Give columns a role."""
        self.columns[role], self.reasons[role] = column, reason


def find_roles(columns: Sequence[ColumnProfile], *, is_long: bool = True) -> Roles:
    """Return the roles of the columns of a table; in a long one, a row is an item of an order."""
    roles = Roles()
    for role in ROLES:
        if is_long or role not in ("item_id", "title"):
            _take_nearest(roles, role, _fitting(role, columns, is_long))
    if is_long:
        _take_item(roles, columns)
        _check_order(roles, columns)
        _take_categories(roles, columns)
    elif not {"order_id", "user_id"} & roles.columns.keys():
        numbers = [one for one in columns if is_number(one.name) and one.n_distinct == one.n_rows]
        _take_nearest(roles, "order_id", numbers)
    return roles


def _fitting(role: str, columns: Sequence[ColumnProfile], is_long: bool) -> list[ColumnProfile]:
    """Return the columns whose name and values fit a role, the nearest names first."""
    fitting = [
        (guess_roles(one.name)[role], one)
        for one in columns
        if role in guess_roles(one.name) and one.kind in KINDS.get(role, (one.kind,)) and one.kind != "empty"
    ]
    if role == "order_id" and is_long:  # a number of the row tells no orders apart
        fitting = [(left, one) for left, one in fitting if one.n_distinct < one.n_rows]
    if role == "timestamp":  # integers are times only where the name says nothing else: an epoch
        fitting = [(left, one) for left, one in fitting if one.kind == "time" or _is_epoch(one)]
    least = min((left for left, _ in fitting), default=0)
    return [one for left, one in fitting if left == least]


def _is_epoch(column: ColumnProfile) -> bool:
    return all(text.lstrip("-").isdigit() and len(text.lstrip("-")) >= 9 for text in column.examples)


def _take_nearest(roles: Roles, role: str, fitting: Sequence[ColumnProfile]) -> None:
    if len(fitting) == 1 or (fitting and role == "title"):
        roles.take(role, fitting[0].name, "its name")
    elif fitting:
        names = " or ".join(one.name for one in fitting)
        roles.unclear[role] = f"{role} may be {names}: set dataset.columns.{role}."


def _take_item(roles: Roles, columns: Sequence[ColumnProfile]) -> None:
    """Take the titles as items where there are no ids of items."""
    if "item_id" not in roles.columns and "title" in roles.columns:
        roles.take("item_id", roles.columns.pop("title"), "the name of the item, as there is no id of it")
        del roles.reasons["title"]
    if "item_id" not in roles.columns:
        some = _one_of(columns)
        roles.unclear["item_id"] = f"No column is named as an item: set dataset.columns.item_id{some}."


def _check_order(roles: Roles, columns: Sequence[ColumnProfile]) -> None:
    """Say what an order is where no column tells orders apart, or that it cannot be told."""
    if "order_id" in roles.columns:
        return
    if {"user_id", "timestamp"} <= roles.columns.keys():
        roles.reasons["orders"] = "what a customer bought at one time, as no column tells orders apart"
    elif "user_id" in roles.columns:
        roles.reasons["orders"] = "all that a customer bought, as no column tells orders apart"
    else:
        some = _one_of(columns)
        unclear = f"No column is named as an order or a customer: set dataset.columns.order_id{some}."
        roles.unclear["order_id"] = unclear


def _one_of(columns: Sequence[ColumnProfile]) -> str:
    """Return the columns of which several rows may share a value, for a message."""
    names = [one.name for one in columns if 1 < one.n_distinct < one.n_rows]
    return f" to one of {', '.join(names)}" if names else ""


def _take_categories(roles: Roles, columns: Sequence[ColumnProfile]) -> None:
    """Take the columns of categories, those with fewer values first: coarse to fine."""
    found = [one for one in columns if "category" in guess_roles(one.name) and one.n_distinct > 1]
    used = {
        name for names in roles.columns.values() for name in ([names] if isinstance(names, str) else names)
    }
    names = [one.name for one in sorted(found, key=lambda one: one.n_distinct) if one.name not in used]
    if names:
        several = "its name" if len(names) == 1 else "their names; coarse to fine by the number of values"
        roles.take("categories", names[0] if len(names) == 1 else names, several)


def notes(roles: Roles, columns: Sequence[ColumnProfile]) -> list[str]:
    """Return what should be known of columns that were not taken."""
    found = []
    for one in columns:
        role = next(iter(guess_roles(one.name)), "")
        if is_total(one.name) and one.kind in NUMBERS and "price" not in roles.columns:
            found.append(f"{one.name} seems to be an amount of a whole line; a price is that of one unit.")
        elif role in KINDS and one.kind not in KINDS[role] and role not in roles.columns and one.n_distinct:
            found.append(f"{one.name} is not read as {role}: it holds values such as {one.examples[0]!r}.")
        elif one.kind == "clock":
            found.append(f"{one.name} holds the time of day only; it is not read.")
    return found
