"""Warn of ids that a spreadsheet has rounded, and of texts that may stand for no value."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.connection import identifier, literal

log = logging.getLogger(__name__)

_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?[eE][+][0-9]{2}")
_ERRORS = {"#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!"}  # of Excel
_NO_VALUES = {"none", "na", "n/a", "<na>", "undefined"} | _ERRORS
_SHOWN = 5


def warn_of_odd_ids(
    texts: Sequence[str], column: str, label: str, where: str | None, can_filter: bool = True
) -> None:
    """Warn of texts that are read as ids, and may be none.

    Parameters
    ----------
    texts : sequence of str
        Distinct ids.
    column, label : str
        The column, and the table.
    where : str, optional
        The condition on the rows, which the advised one is added to.
    can_filter : bool
        Whether each row has one such id.
    """
    rounded = [text for text in texts if _ROUNDED.fullmatch(text)]
    if rounded:
        log.warning(
            "%s, column %r: %s ids such as %s seem to be numbers that a spreadsheet has rounded, so that "
            "several may have become one. Export the column as text.",
            label, column, f"{len(rounded):,}", shown(rounded[0]),
        )  # fmt: skip
    if found := sorted(text for text in texts if text.lower() in _NO_VALUES)[:_SHOWN]:
        name = identifier(column)
        condition = f"({name} is null or {name} not in ({', '.join(map(literal, found))}))"
        override = typed_override("dataset.where", f"({where}) and {condition}" if where else condition)
        cure = f"set {override} to leave out such lines" if can_filter else "remove them from the table"
        log.warning(
            "%s, column %r: %s read as ids. If they stand for no value, %s.",
            label, column, f"{', '.join(map(shown, found))} {'is' if len(found) == 1 else 'are'}", cure,
        )  # fmt: skip
