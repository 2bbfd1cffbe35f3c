"""Write the results of a run into its folder, and summarise them for the log."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from optuna_sweeper.safe_text import printable
from recsys.errors import OutputError
from recsys.evaluation.policies import WITHOUT
from recsys.metrics import DECIMALS, MAX_LIFT, SHORT
from recsys.mining import KINDS, select
from recsys.parameters import require_choice, require_integer
from recsys.pipeline import Result
from recsys.rules import Rules
from recsys.runs.files import (
    DATA_FILE,
    FOLDS_FILE,
    ITEMSETS_FILE,
    METRICS_FILE,
    RULES_FILE,
    RULES_TABLE_FILE,
    TITLE_SEPARATOR,
)
from recsys.runs.json_file import write_json

TABLE_RULES = 1000  # rules in `rules.csv`, at most
TABLE_MEASURES = ("support", "confidence", "lift")


@dataclass(frozen=True)
class Output:
    """Amount of output of a run; an invalid value raises `ParameterError`."""

    max_rules: int | None = 1000  # in `rules.parquet`, the best first by the metric of the rules; None is all
    show_rules: int = 0  # in the lines of `describe`
    itemsets: str | None = None  # kind in `itemsets.parquet`, as in `recsys.mining.select`; None: no file

    def __post_init__(self) -> None:
        if self.max_rules is not None:
            require_integer("max_rules", self.max_rules, minimum=0)
        require_integer("show_rules", self.show_rules, minimum=0)
        if self.itemsets is not None:
            require_choice("itemsets", self.itemsets, KINDS)

    def write(self, result: Result, folder: Path) -> None:
        """Write the rules, `data.json` and, last, `metrics.json`, which marks the run as complete.

        Raises `OutputError` if a file cannot be written.
        """
        started = perf_counter()
        try:
            result.rules[: self.max_rules].to_parquet(folder / RULES_FILE)
            if self.itemsets is not None:
                selected = select(result.itemsets, self.itemsets)
                result.itemsets.to_parquet(folder / ITEMSETS_FILE, selected)
            _write_table(folder / RULES_TABLE_FILE, result, self.max_rules)
            seconds = result.seconds | {"write_rules": perf_counter() - started}
            write_json(folder / DATA_FILE, _data(result))
            if result.folds:
                write_json(folder / FOLDS_FILE, {"folds": result.folds})
            write_json(
                folder / METRICS_FILE,
                result.metrics | {f"seconds_{stage}": round(value, 6) for stage, value in seconds.items()},
            )
        except OSError as error:
            raise OutputError(
                f"The results cannot be written to {folder}: {error.strerror or error}. "
                "Set hydra.run.dir (hydra.sweep.dir in a sweep) to a folder that can be written."
            ) from error

    def describe(self, result: Result) -> list[str]:
        """Return a line with the main metrics, then a line for each of the best rules."""
        metrics = result.metrics
        lines = [
            f"{metrics['n_transactions']:,.0f} transactions, {metrics['n_itemsets']:,.0f} frequent itemsets, "
            f"{metrics['n_rules']:,.0f} rules, max lift {metrics[MAX_LIFT]:{SHORT}} "
            f"in {sum(result.seconds.values()):.2f} s"
        ]
        for without in (name for name in metrics if name.startswith(f"{WITHOUT}@")):
            ndcg = without.replace(WITHOUT, "ndcg")
            values = f"{metrics[ndcg]:{DECIMALS}} with the policies, {metrics[without]:{DECIMALS}} without"
            lines.append(f"{ndcg} {values}")
        best = result.rules[: self.show_rules]
        measures = (best.measure(name).tolist() for name in ("confidence", "lift"))
        for left, right, confidence, lift in zip(*_titles_of_sides(best, result), *measures, strict=True):
            lines.append(f"  {left} -> {right}  (confidence {confidence:.2f}, lift {lift:.2f})")
        return [printable(line) for line in lines]  # a title may hold anything


def _data(result: Result) -> dict[str, Any]:
    data: dict[str, Any] = {
        "dataset": result.interactions.name,
        "n_ratings": len(result.interactions),
        "columns": result.interactions.column_types,
        "ratings_digest": result.interactions.digest,
        "transactions_digest": result.transactions.digest,
        "itemsets_from": result.itemsets_from,
    }
    if result.policies is not None:
        data["policies_digest"] = result.policies.digest
    return data


def _write_table(path: Path, result: Result, max_rules: int | None) -> None:
    """Write the best rules with titles; the Parquet file has ids and all measures."""
    rules = result.rules[: TABLE_RULES if max_rules is None else min(max_rules, TABLE_RULES)]
    measures = map(_as_text, rules.measures(TABLE_MEASURES).values())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["antecedents", "consequents", "support_count", *TABLE_MEASURES])
        columns = *_titles_of_sides(rules, result), rules.support_counts.tolist(), *measures
        writer.writerows(zip(*columns, strict=True))


def _as_text(values: npt.NDArray[np.float64]) -> list[str]:
    """Return numbers as text; of rules ordered by a measure many have the same."""
    text: dict[float, str] = {}
    return [text.get(value) or text.setdefault(value, repr(value)) for value in values.tolist()]


def _titles_of_sides(rules: Rules, result: Result) -> Iterator[list[str]]:
    """Yield the titles of each rule's antecedents, then of its consequents, as one text."""
    for side in rules.titled_sides(result.interactions.titles):
        yield list(map(TITLE_SEPARATOR.join, side))
