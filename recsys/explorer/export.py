"""Exports of rules, written in parts."""

import json
from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np

from recsys.explorer.graphml import AT_ONCE, write_graphml
from recsys.explorer.table import IntArray, RuleTable
from recsys.spreadsheet import as_cell

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def write_csv(table: RuleTable, rules: IntArray) -> Iterator[bytes]:
    """Yield rules as CSV in UTF-8.

    The columns are `rule_id`, `antecedents` and `consequents` (titles, joined by " + "), `antecedent_ids`
    and `consequent_ids` (JSON lists), `support_count` and the measures. Before a title that a spreadsheet
    would run as a formula stands an apostrophe, as OWASP recommends; the ids are exact. Values that are not
    finite are empty.
    """
    import pyarrow as pa
    from pyarrow import csv

    ids = [_encode(item) for item in table.item_ids.tolist()]
    for start in range(0, max(len(rules), 1), AT_ONCE):
        some = rules[start : start + AT_ONCE]
        sides = table.antecedents.of(some), table.consequents.of(some)
        columns = {
            "rule_id": pa.array(some),
            **{
                name: pa.array(
                    [as_cell(" + ".join(titles)) for titles in side.lists(table.titles)], pa.string()
                )
                for name, side in zip(("antecedents", "consequents"), sides, strict=True)
            },
            **{
                name: pa.array([f"[{', '.join(texts)}]" for texts in side.lists(ids)], pa.string())
                for name, side in zip(("antecedent_ids", "consequent_ids"), sides, strict=True)
            },
            "support_count": pa.array(table.support_counts[some]),
        }
        for name, values in table.measures.items():
            columns[name] = pa.array(values[some], mask=~np.isfinite(values[some]))
        part = BytesIO()
        csv.write_csv(pa.table(columns), part, csv.WriteOptions(include_header=start == 0))
        yield part.getvalue()


def write_json(table: RuleTable, rules: IntArray) -> Iterator[bytes]:
    """Yield rules as one JSON object in UTF-8; its `rules` are `RuleTable.rows` of its `bare_items`."""
    yield f'{{"n_rules":{len(table)},"n_found":{len(rules)},"rules":['.encode()
    for start in range(0, len(rules), AT_ONCE):
        rows = table.rows(rules[start : start + AT_ONCE], table.bare_items)
        text = ",\n".join(_encode(row) for row in rows)
        yield (",\n" if start else "\n").encode() + text.encode("utf-8", "replace")
    yield b"\n]}\n"


FORMATS: dict[str, tuple[str, Callable[[RuleTable, IntArray], Iterator[bytes]]]] = {
    "csv": ("text/csv", write_csv),
    "json": ("application/json", write_json),
    "graphml": ("application/graphml+xml", write_graphml),
}
