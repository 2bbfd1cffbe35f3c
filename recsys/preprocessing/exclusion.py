"""Items that a configuration names by id or title."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from optuna_sweeper.shell import typed_override
from recsys.data import Interactions, ItemCatalog
from recsys.data.factorize import factorize
from recsys.datasets import TitleSearch
from recsys.datasets.search import MAX_CANDIDATES
from recsys.errors import ParameterError

KEY = "preprocessing.exclude_items"
RULE = "ids or titles of items"


def require_names(parameter: str, value: Any) -> tuple[int | str, ...]:
    """Return a list of ids and titles as a tuple without repetitions, None as an empty one."""
    if value is None:
        return ()
    is_list = not isinstance(value, str | bytes) and hasattr(value, "__iter__")
    names = list(value) if is_list else []
    if not is_list or not all(isinstance(name, int | str) and not isinstance(name, bool) for name in names):
        cure = f"Set {typed_override(KEY, [value])}." if isinstance(value, str) else ""
        raise ParameterError(parameter, f"a list of {RULE}, or null", value, cure)
    return tuple(dict.fromkeys(names))


def find_items(names: Sequence[int | str], interactions: Interactions) -> npt.NDArray[Any]:
    """Return the ids of the items that some names denote, ascending: those with an interaction.

    A name is an id, a title exactly as it is written, or "Title [id]". ParameterError is raised for a name of
    no item, with similar titles, and for one of several items.
    """
    items = factorize(interactions.item_id)[0]
    if not names:
        return items[:0]
    catalog = interactions.items or ItemCatalog.empty()
    # By text: the ids of a catalog may be text where those of the interactions are numbers.
    ids = list(dict.fromkeys(map(str, [*items.tolist(), *catalog.item_id.tolist()])))
    called = ItemCatalog(np.array(ids, dtype=np.str_), tuple(catalog.titles(ids)), ((),) * len(ids))
    excluded = {_find(name, names, called) for name in names}
    return items[[str(item) in excluded for item in items.tolist()]]


def _find(name: int | str, names: Sequence[int | str], called: ItemCatalog) -> str:
    """Return the id of the only item with a name; a title of `called` is never empty."""
    text, ids = str(name), called.item_id.tolist()
    meant = [
        row
        for row, (item, title) in enumerate(zip(ids, called.title, strict=True))
        if text in (item, title, f"{title} [{item}]")
    ]
    if len(meant) == 1:
        return str(ids[meant[0]])
    if meant:
        full = (f"{called.title[row]} [{ids[row]}]" for row in meant)
        raise ParameterError(KEY, RULE, name, f"It may be {_one_of(full, len(meant))}")
    near = TitleSearch(called).candidates(text)
    if len(near) > 1:
        titles = (called.title[row] for row in near)
        raise ParameterError(KEY, RULE, name, f"It may be {_one_of(titles, len(near))}")
    instead = [called.title[near[0]]] if near else []
    cure = [new for old in names for new in (instead if old == name else [old])]
    raise ParameterError(KEY, RULE, name, f"Set {typed_override(KEY, cure)}.")


def _one_of(names: Iterable[str], n_names: int) -> str:
    shown = "; ".join(repr(name) for name, _ in zip(names, range(MAX_CANDIDATES), strict=False))
    more = f"; and {n_names - MAX_CANDIDATES} more" if n_names > MAX_CANDIDATES else ""
    return f"one of {n_names}: {shown}{more}. Write one of them in full."
