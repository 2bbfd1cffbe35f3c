"""Data sets that have a config of their own, recognised by their columns or files."""

from collections.abc import Sequence
from pathlib import Path

# Columns that tell the data set, by its choice of the config group `dataset`.
COLUMNS: dict[str, tuple[frozenset[str], ...]] = {
    "groceries_dataset": (frozenset({"Member_number", "Date", "itemDescription"}),),
    "online_retail": (frozenset({"InvoiceNo", "StockCode", "Description", "InvoiceDate", "CustomerID"}),),
    "bakery": (
        frozenset({"TransactionNo", "Items", "DateTime", "Daypart", "DayType"}),
        frozenset({"Transaction", "Item", "date_time", "period_day", "weekday_weekend"}),
    ),
    "ta_feng": (frozenset({"customer_id", "order_number", "item_id"}),),
}
# Files of a folder that tell the data set.
FILES: dict[str, frozenset[str]] = {
    "instacart": frozenset({"orders.csv", "order_products__prior.csv", "products.csv", "aisles.csv"}),
}
# Items of arules' Groceries; other editions write a blank for the underscore.
GROCERIES = frozenset({"whole milk", "other vegetables", "rolls/buns", "citrus fruit"})


def known_table(columns: Sequence[str]) -> str | None:
    """Return the data set with these columns, and possibly others; None if it is not known."""
    for name, editions in COLUMNS.items():
        for edition in editions:
            if edition <= set(columns) and (len(columns) < len(edition) + 4):
                return name
    return None


def known_folder(path: Path) -> str | None:
    """Return the data set with these files; None if it is not known."""
    files = {file.name for file in path.iterdir()} if path.is_dir() else set()
    return next((name for name, wanted in FILES.items() if wanted <= files), None)


def known_items(items: Sequence[str]) -> str | None:
    """Return the data set of baskets that has these items among others; None if it is not known."""
    return "groceries" if {item.replace("_", " ") for item in items} >= GROCERIES else None
