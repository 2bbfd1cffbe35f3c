"""Write the orders of dataset=synthetic_shop as a shop would export them: scripts/make_shop.py shop.csv.

One row for each product of a receipt, with a header line. docs/how-to/baskets.md goes on from this file.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from recsys.datasets import Shop

HEADER = ["Receipt", "Date", "Customer", "Product", "Department", "Aisle", "Quantity", "Price", "Profit"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="CSV file to write")
    parser.add_argument("--customers", type=int, default=Shop.n_customers, help="default: %(default)s")
    parser.add_argument("--orders", type=int, default=Shop.n_orders, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=Shop.seed, help="default: %(default)s")
    given = parser.parse_args(arguments)
    shop = Shop(given.customers, given.orders, given.seed).load()
    days = [datetime.fromtimestamp(time, UTC).date().isoformat() for time in shop.timestamp.tolist()]
    columns = (
        shop.order_id.tolist(), days, shop.user_id.tolist(), shop.titles(shop.item_id),
        *zip(*shop.items.categories_of(shop.item_id), strict=True),
        shop.quantity.astype(int).tolist(), shop.price.tolist(), shop.margin.tolist(),
    )  # fmt: skip
    with given.path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(sorted(zip(*columns, strict=True)))
    print(f"{given.path}: {len(shop):,} rows, {given.orders:,} receipts of {given.customers:,} customers")


if __name__ == "__main__":
    main()
