"""`scripts/benchmark.py table`: dataset=table from a CSV file to transactions, and mining a shop's file.

`orders` is a file of order lines with four columns of integers (order, customer, item, second). `retail` is
one of the size and the columns of Online Retail (UCI): invoice, stock code, description, quantity, date,
price, customer, country; its baskets are those of the Quest generator, a quarter of them has no customer, and
some are cancelled. Each is read in a process of its own, with compiled code already loaded; `retail` is then
mined with itemsets of all lengths. Processor seconds are those of all threads.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from benchmark_mining import machine, peak_of_process

from recsys.data import Transactions
from recsys.datasets import Quest, TableDataset
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.preprocessing import Preprocessing, encode
from recsys.rules import Apriori

LINES_OF_AN_ORDER = 10
ORDERS = {"order_id": "order_id", "user_id": "user_id", "item_id": "item_id", "timestamp": "timestamp"}
HEADER = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
RETAIL = {
    "order_id": "InvoiceNo", "user_id": "CustomerID", "item_id": "StockCode", "quantity": "Quantity",
    "price": "UnitPrice", "timestamp": "InvoiceDate",
}  # fmt: skip
WHERE = "Quantity > 0 and InvoiceNo not like 'C%'"


def table(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure both files."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, n_lines in (("orders", arguments.n_lines), ("retail", arguments.n_retail)):
            path = Path(folder, f"{name}.csv")
            in_a_process("write", name, path, n_lines)
            figures = in_a_process("measure", name, path, arguments.min_support)
            rows[name] = {"MB_of_the_file": round(path.stat().st_size / 1e6), **figures}
            path.unlink()
    return {"machine": machine(), "min_support": arguments.min_support, "rows": rows}


def in_a_process(*arguments: Any) -> dict[str, Any]:
    """Write or measure in a process of its own, which begins with the memory of this small one."""
    program = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def write_or_measure(task: str, name: str, path: str, value: str) -> dict[str, Any]:
    """Do what `in_a_process` asks for."""
    if task == "write":
        WRITERS[name](Path(path), int(value))
        return {}
    return measure(name, path, float(value))


def write_orders(path: Path, n_lines: int) -> None:
    """Write orders of ten lines each, in the order of time; items are distributed as by Zipf."""
    rng = np.random.default_rng(42)
    n_orders = max(1, n_lines // LINES_OF_AN_ORDER)
    order = np.minimum(np.arange(n_lines) // LINES_OF_AN_ORDER, n_orders - 1)
    columns = {
        "order_id": order + 1,
        "user_id": rng.integers(1, max(2, n_orders // 12), n_orders)[order],
        "item_id": rng.zipf(1.2, n_lines) % 50_000 + 1,
        "timestamp": np.sort(rng.integers(1_400_000_000, 1_500_000_000, n_orders))[order],
    }
    pa_csv.write_csv(pa.table(columns), path, pa_csv.WriteOptions(quoting_header="none"))


def write_retail(path: Path, n_lines: int) -> None:
    """Write invoices as in Online Retail, with Quest's baskets of 20 items in the mean."""
    rng = np.random.default_rng(42)
    baskets = Quest(max(1, n_lines // 20), mean_length=21, n_items=4000, mean_pattern_length=3).load()
    time = datetime(2010, 12, 13, 8, 26)
    codes = [f"{10_000 + 7 * item}{'ABC'[item % 3] if item % 5 == 0 else ''}" for item in range(4001)]
    names = [f"{code} BOX, SET OF {len(code)}" if code[-1].isalpha() else f"{code} HEART" for code in codes]
    lines, last = [], -1
    for user, item in zip(baskets.user_id.tolist(), baskets.item_id.tolist(), strict=True):
        if user != last:
            last, time = user, time + timedelta(minutes=int(rng.integers(1, 40)))
            prefix, sign = ("C", -1) if rng.random() < 0.02 else ("", 1)
            customer = "" if rng.random() < 0.25 else str(rng.integers(12_346, 18_287))
            date = f"{time.month}/{time.day}/{time.year} {time.hour}:{time.minute:02d}"
        quantity, price = sign * (1 + item * user % 24), 0.2 + item * 37 % 1500 / 100
        lines.append(
            [
                f"{prefix}{536_365 + user}",
                codes[item],
                names[item],
                quantity,
                date,
                f"{price:.2f}",
                customer,
                "UK",
            ]
        )
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *lines])


WRITERS: dict[str, Callable[[Path, int], None]] = {"orders": write_orders, "retail": write_retail}


def measure(name: str, path: str, min_support: float) -> dict[str, Any]:
    """Read a file, and mine that of retail; return the figures."""
    engine, cache = BitsetEngine(), ItemsetCache(enabled=False)
    small = encode(Preprocessing(likes="all").filter(Quest(20).load()))
    apriori = Apriori(min_support=min_support, max_len=None)
    Apriori(min_support=0.5, max_len=None).find_itemsets(small, engine, cache)
    settings: dict[str, Any] = {"columns": ORDERS}
    if name == "retail":
        settings = {"columns": RETAIL, "where": WHERE, "missing": "guest"}
    figures: dict[str, Any] = {}

    def transactions() -> Transactions:
        found = TableDataset(path, **settings).load()
        figures["n_lines"] = len(found)
        return encode(Preprocessing(likes="all", transaction="order").filter(found), "order")

    read = timed(figures, "read", transactions)
    figures["n_transactions"] = len(read)
    figures["peak_MB"] = round(peak_of_process())
    if name == "retail":
        itemsets, _ = timed(figures, "mine", lambda: apriori.find_itemsets(read, engine, cache))
        figures["n_itemsets"] = len(itemsets)
    return figures


def timed(figures: dict[str, Any], name: str, call: Callable[[], Any]) -> Any:
    """Call, and add the seconds to the figures."""
    start, processor = perf_counter(), process_time()
    result = call()
    figures[f"{name}_s"] = round(perf_counter() - start, 2)
    figures[f"{name}_processor_s"] = round(process_time() - processor, 2)
    return result


def table_tables(figures: dict[str, Any]) -> str:
    """Format the figures as tables."""
    lines = []
    for name, row in figures["rows"].items():
        columns = ("|---:" * len(row)) + "|"
        lines += [f"| {name} | {' | '.join(row)} |", f"|---{columns}"]
        lines += [f"| dataset=table | {' | '.join(f'{value:,}' for value in row.values())} |", ""]
    return "\n".join(lines)


def add_commands(commands: Any) -> None:
    """Add `table` to the command line."""
    one = commands.add_parser("table", help="dataset=table: reading and mining large CSV files")
    one.add_argument("--n-lines", type=int, default=25_000_000, help="order lines (%(default)s)")
    one.add_argument("--n-retail", type=int, default=540_000, help="lines as of Online Retail (%(default)s)")
    one.add_argument("--min-support", type=float, default=0.002, help="of retail (%(default)s)")
    one.set_defaults(measure=table, tables=table_tables)


if __name__ == "__main__":
    print(json.dumps(write_or_measure(*sys.argv[1:])))
