"""Layouts of tables: `LAYOUTS` has the choices of `dataset.layout`."""

from recsys.datasets.table.layouts.layout import Layout, Long
from recsys.datasets.table.layouts.lines import Lines
from recsys.datasets.table.layouts.lists import Lists
from recsys.datasets.table.layouts.one_hot import OneHot
from recsys.datasets.table.layouts.wide import Wide

LAYOUTS: dict[str, type[Layout]] = {
    "long": Long,
    "lines": Lines,
    "list": Lists,
    "wide": Wide,
    "one_hot": OneHot,
}

__all__ = ["LAYOUTS", "Layout"]
