"""TableColumns: which column of a table has which role."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from recsys.errors import ParameterError

IDS = ("user_id", "order_id", "item_id")
NUMBERS = ("rating", "quantity", "price", "margin")
LISTS = ("order_id", "item_id", "categories")


class TableColumns(NamedTuple):
    """Names of the columns by role; None where the table has none. Lists are tuples of names.

    Items stand in several columns, or are their names, in some layouts; then `item_id` may be patterns.
    """

    user_id: str | None = None
    order_id: tuple[str, ...] | None = None
    item_id: str | tuple[str, ...] | None = "item_id"
    rating: str | None = None
    timestamp: str | None = None
    quantity: str | None = None
    price: str | None = None
    margin: str | None = None
    title: str | None = None
    categories: tuple[str, ...] | None = None

    @classmethod
    def of(cls, given: Any, parameter: str = "columns") -> "TableColumns":
        """Return the columns of a mapping, in which a list may be a single name; or raise ParameterError."""
        if isinstance(given, cls):
            return given
        keys = ", ".join(cls._fields)
        if not isinstance(given, Mapping):
            raise ParameterError(parameter, f"a mapping with the keys {keys}", given)
        names: dict[str, Any] = {}
        for role, name in given.items():
            if role not in cls._fields:
                raise ParameterError(f"{parameter}.{role}", f"left out (the keys are {keys})", name)
            names[role] = _checked(f"{parameter}.{role}", name, role in LISTS)
        if isinstance(items := names.get("item_id"), tuple) and len(items) == 1:
            (names["item_id"],) = items
        return cls(**names)

    def used(self, roles: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return the distinct names of the columns of some roles, by default of all."""
        names: dict[str, None] = {}
        for role in self._fields if roles is None else roles:
            given = getattr(self, role)
            names.update(dict.fromkeys((given,) if isinstance(given, str) else given or ()))
        return tuple(names)


def _checked(parameter: str, name: Any, may_be_list: bool) -> Any:
    if name is None or (isinstance(name, str) and name):
        return (name,) if may_be_list and name else name
    if may_be_list and isinstance(name, Sequence) and not isinstance(name, str):
        names = tuple(name)
        if names and all(isinstance(one, str) and one for one in names) and len(set(names)) == len(names):
            return names
    rule = "the name of a column, or a list of different names" if may_be_list else "the name of a column"
    raise ParameterError(parameter, rule, name)
