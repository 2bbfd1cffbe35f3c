"""Rules as Arrow tables and Parquet files, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import DataFormatError, DataNotFoundError, OutputError
from recsys.mining import FrequentItemsets
from recsys.mining.itemsets import ids_in_arrow
from recsys.parameters import require_path

if TYPE_CHECKING:
    import pyarrow as pa

IntArray = npt.NDArray[np.integer[Any]]

SIDES = ("antecedents", "consequents")
SIDE_SUPPORTS = ("antecedent_support", "consequent_support")  # with n_transactions, the counts
ROWS_A_GROUP = 2**18  # rules in a row group of a Parquet file, and at once in memory
FACTS = ("metric", "min_threshold", "n_found")  # attributes of the rules that no column holds
KEY = b"recsys"  # of the schema's metadata: JSON with what the columns do not tell


def to_table(
    source: FrequentItemsets,
    sides: Mapping[str, IntArray],
    columns: Mapping[str, npt.NDArray[Any]],
    facts: Mapping[str, Any],
) -> pa.Table:
    """Return rules as a table; see `Rules.to_parquet` for its columns.

    Parameters
    ----------
    source : FrequentItemsets
    sides : mapping of str to ndarray
        Indices in `source`, by the names in `SIDES`.
    columns : mapping of str to ndarray
        Counts and measures of the rules.
    facts : mapping
        Attributes of the rules for the metadata of the table.
    """
    import pyarrow as pa

    ids = ids_in_arrow(source.items)
    made: dict[str, Any] = {}
    for side in SIDES:
        offsets, items = source.flatten(sides[side])
        made[side] = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids.take(pa.array(items)))
    made |= {name: pa.array(values) for name, values in columns.items()}
    facts = {
        **facts,
        "n_transactions": source.n_transactions,
        "min_support": source.min_support,
        "max_len": source.max_len,
    }
    if source.items.dtype.kind in "iuU" or not len(
        source.items
    ):  # other ids have no form in JSON that is read as what they were
        facts["items"] = source.items[source.last_items[source.parents < 0]].tolist()
    return pa.table(made).replace_schema_metadata({KEY: json.dumps(facts)})


def write(path: str | Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables of rules to a Parquet file, each as a row group; see `Rules.to_parquet`."""
    import pyarrow.parquet as pq

    path = require_path("path", path)
    try:
        with pq.ParquetWriter(path, schema) as writer:
            for table in tables:
                writer.write_table(table)
    except OSError as error:
        raise OutputError(f"The rules cannot be written to {path}: {error}.") from error


def read(path: str | Path) -> dict[str, Any]:
    """Return the attributes of the rules in a Parquet file; see `Rules.from_parquet`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = require_path("path", path)
    try:
        with path.open("rb") as file:
            table = pq.read_table(file)
    except FileNotFoundError as error:
        raise DataNotFoundError(f"There is no file of rules at {path}.") from error
    except (OSError, pa.ArrowException) as error:
        raise DataFormatError(f"{path} cannot be read as a Parquet file: {error}.") from error
    facts = json.loads((table.schema.metadata or {}).get(KEY, b"{}"))
    missing = {*SIDES, "support_count", *SIDE_SUPPORTS} - set(table.column_names)
    if missing or "metric" not in facts:
        what = f"column {min(missing)!r}" if missing else "metadata of recsys"
        raise DataFormatError(f"{path} is no file of rules as Rules.to_parquet writes them: no {what}.")
    if "items" not in facts:
        raise DataFormatError(
            f"{path} has item ids that are neither integers nor text: it cannot be read back."
        )
    return _from_table(table.combine_chunks(), facts)


def _from_table(table: pa.Table, facts: dict[str, Any]) -> dict[str, Any]:
    kind = {"int64": np.int64, "string": np.str_}.get(
        str(table.schema.field(SIDES[0]).type.value_type), object
    )
    items: npt.NDArray[Any] = np.asarray(facts["items"], dtype=kind)
    by_id = np.argsort(items)
    lengths, flat = [], []
    for side in SIDES:
        lists = table.column(side).chunk(0) if table.num_rows else table.column(side).combine_chunks()
        ids = lists.flatten().to_numpy(zero_copy_only=False)
        lengths.append(np.diff(lists.offsets.to_numpy()))
        flat.append(by_id[np.searchsorted(items, ids.astype(items.dtype), sorter=by_id)])
    # The items of whole rules: those of both sides, in order.
    rule = np.concatenate([np.repeat(np.arange(table.num_rows), length) for length in lengths])
    together = np.concatenate(flat)
    flat.append(
        together[np.argsort(rule * len(items) + together, kind="stable")]
    )  # merges two ascending runs
    lengths.append(lengths[0] + lengths[1])

    n = facts["n_transactions"]
    supports = [np.rint(table.column(name).to_numpy() * n).astype(np.int64) for name in SIDE_SUPPORTS]
    counts = np.concatenate([*supports, table.column("support_count").to_numpy()])
    source, indices = _source(np.concatenate(lengths), np.concatenate(flat), counts, items, facts)
    antecedents, consequents, wholes = np.split(indices, 3)
    stored = {name: table.column(name).to_numpy() for name in ("improvement",) if name in table.column_names}
    return {
        "source": source,
        "antecedents": antecedents,
        "consequents": consequents,
        "itemsets": wholes,
        "stored": stored,
        **{name: facts[name] for name in FACTS},
    }


def _source(
    lengths: IntArray, flat: IntArray, counts: IntArray, items: npt.NDArray[Any], facts: dict[str, Any]
) -> tuple[FrequentItemsets, IntArray]:
    """Return itemsets and their prefixes as a trie, and where each stands in it.

    Parameters
    ----------
    lengths : ndarray, shape (n,)
        Number of items of each itemset; itemsets may repeat.
    flat : ndarray, shape (lengths.sum(),)
        Their items, ascending, end to end; positions in `items`.
    counts : ndarray, shape (n,)
        Prefixes that are not among the itemsets get -1.
    """
    import pandas as pd

    starts = np.cumsum(lengths) - lengths
    nodes = np.full(len(lengths), -1, dtype=np.int64)  # of the items so far
    parents, last_items = [np.full(len(items), -1)], [np.arange(len(items))]
    offsets = [0, len(items)] if len(items) else [0]
    for position in range(int(lengths.max(initial=0))):
        longer = np.flatnonzero(lengths > position)
        item = flat[starts[longer] + position]
        if position == 0:
            nodes[longer] = item
            continue
        inverse, keys = pd.factorize(nodes[longer] * len(items) + item, sort=True)
        nodes[longer] = offsets[-1] + inverse
        parents.append(keys // len(items))
        last_items.append(keys % len(items))
        offsets.append(offsets[-1] + len(keys))
    trie_counts = np.full(offsets[-1], -1, dtype=np.int64)
    trie_counts[nodes] = counts
    source = FrequentItemsets(
        parents=np.concatenate(parents),
        last_items=np.concatenate(last_items).astype(np.int32),
        counts=trie_counts,
        offsets=np.asarray(offsets),
        items=items,
        n_transactions=facts["n_transactions"],
        min_support=facts["min_support"],
        max_len=facts["max_len"],
    )
    return source, nodes
