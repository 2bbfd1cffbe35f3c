"""Levels: categories as items of transactions, in place of the items or beside them."""

import logging
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from optuna_sweeper.shell import typed_override
from recsys.data import Hierarchy, Interactions, ItemCatalog
from recsys.errors import ParameterError

log = logging.getLogger(__name__)

Category = tuple[int, str]  # the place of its level, and its name

ITEM, CATEGORY, BOTH = LEVELS = ("item", "category", "both")
KEY = "preprocessing.level"


def require_level(parameter: str, value: Any) -> tuple[str, ...] | None:
    """Return the name of a level, or a list of names, as a tuple without repetitions; None as None."""
    names = [value] if isinstance(value, str) else value
    is_list = hasattr(names, "__iter__") and all(isinstance(name, str) and name for name in names)
    if names is not None and not (is_list and len(list(names))):
        raise ParameterError(parameter, "the name of a level, a list of names, or null", value)
    return None if names is None else tuple(dict.fromkeys(names))


def make_hierarchy(
    interactions: Interactions, items: npt.NDArray[Any], level: Sequence[str] | None, replaces: bool
) -> Hierarchy:
    """Return the categories of some items.

    A category is called "aisle: tea" by its level, and "category: tea", by the catalog's noun, without
    levels; one that is called like an item gets a "*". Of two levels, a category of the coarser one is above
    one of the finer one if an item has both. With `replaces`, the number of items without a category is
    logged: they stay themselves.

    Parameters
    ----------
    interactions : Interactions
    items : ndarray, shape (n_items,)
        Ids, ascending.
    level : sequence of str or None
        Names of levels; None is the finest one, or all categories if there are no levels.
    replaces : bool
        See `Hierarchy`.

    Raises
    ------
    ParameterError
        If there is no such level, or the items have no categories there.
    """
    catalog = interactions.items or ItemCatalog.empty()
    depths = _depths(interactions.name, catalog, level)
    of_items = [_at(depths, categories) for categories in catalog.categories_of(items)]
    found = sorted(set().union(*of_items))
    if not found:
        raise _no_categories(interactions.name, replaces)
    number = {category: place for place, category in enumerate(found)}
    offsets = np.cumsum([0, *map(len, of_items)])
    if replaces and (n_without := int(np.count_nonzero(np.diff(offsets) == 0))):
        log.info(
            "%s of %s items have no category: they stay themselves (preprocessing.levels=%s).",
            f"{n_without:,}", f"{len(items):,}", CATEGORY,
        )  # fmt: skip
    indices = np.array([number[category] for categories in of_items for category in categories])
    ones, shape = np.ones(len(indices), dtype=np.bool_), (len(items), len(found))
    above = {
        (number[fine], number[coarse])
        for categories in of_items
        for coarse, fine in combinations(categories, 2)
        if coarse[0] != fine[0]
    }
    ancestors = np.array(sorted(above), dtype=np.int64).reshape(-1, 2)
    members = sparse.csr_array((ones, indices, offsets), shape=shape)
    return Hierarchy(items, _names(found, catalog, items), members, ancestors, replaces)


def _depths(name: str, catalog: ItemCatalog, level: Sequence[str] | None) -> tuple[int, ...] | None:
    """Return the places of levels in the categories of an item; None if there are no levels."""
    if not catalog.levels:
        if level is not None and any(catalog.categories):
            rule = f"null for {name}, whose categories have no levels"
            raise ParameterError(KEY, rule, _typed(level), f"Set {KEY}=null.")
        return None
    for wanted in level or ():
        if wanted not in catalog.levels:
            cure = f"Set {typed_override(KEY, catalog.levels[-1])}."
            raise ParameterError(KEY, f"one of {', '.join(catalog.levels)}", wanted, cure)
    chosen = catalog.levels[-1:] if level is None else level
    return tuple(sorted(catalog.levels.index(one) for one in chosen))


def _at(depths: tuple[int, ...] | None, categories: Sequence[str]) -> list[Category]:
    """Return the categories of an item at some places, distinct and in order."""
    if depths is None:
        return sorted({(0, name) for name in categories if name})
    return [(depth, categories[depth]) for depth in depths if categories and categories[depth]]


def _names(found: list[Category], catalog: ItemCatalog, items: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """Return the id of each category, different from the ids and titles of items."""
    taken, names = {*map(str, items.tolist()), *catalog.title}, []
    for depth, name in found:
        kind = catalog.levels[depth] if catalog.levels else catalog.nouns.category
        called = f"{kind}: {name}"
        while called in taken:
            called += "*"
        taken.add(called)
        names.append(called)
    return np.array(names, dtype=np.str_)


def _no_categories(name: str, replaces: bool) -> ParameterError:
    rule = f"item for {name}, whose items have no categories"
    cure = "Set preprocessing.levels=item, or give the dataset a column of categories."
    return ParameterError("preprocessing.levels", rule, CATEGORY if replaces else BOTH, cure)


def _typed(level: Sequence[str]) -> str | list[str]:
    return level[0] if len(level) == 1 else list(level)
