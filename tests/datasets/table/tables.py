"""Baskets of tables, as sets, and the cures of messages applied to the settings of a dataset."""

from collections import defaultdict

from hydra.core.override_parser.overrides_parser import OverridesParser

from recsys.datasets import TableDataset
from tests.integration.cures import overrides_in


def read(path, **settings):
    """Return the items of each order, by its id, in a dict."""
    found = TableDataset(str(path), **settings).load()
    baskets = defaultdict(set)
    for order, item in zip(found.order_id.tolist(), found.item_id.tolist(), strict=True):
        baskets[order].add(item)
    return dict(baskets)


def cures(error, **settings):
    """Return the settings after each cure that a message advises."""
    return [cured(settings, overrides) for overrides in overrides_in(f"Got {error}")]


def cured(settings, overrides):
    """Return settings with overrides such as dataset.columns.order_id=x in their places."""
    changed = {**settings, "columns": dict(settings.get("columns", {}))}
    for override in map(OverridesParser.create().parse_override, overrides):
        _, *path, key = override.key_or_group.split(".")
        place = changed
        for name in path:
            place = place[name]
        place[key] = override.value()
    return changed
