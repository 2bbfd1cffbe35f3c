"""Rules as Arrow tables and Parquet files, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import DataFormatError, DataNotFoundError
from recsys.mining import FrequentItemsets
from recsys.mining.arrow import ids_in_arrow, in_arrow
from recsys.mining.trie import IntArray
from recsys.parameters import require_path

if TYPE_CHECKING:
    import pyarrow as pa

SIDES = ("antecedents", "consequents")
SIDE_SUPPORTS = ("antecedent_support", "consequent_support")
ROWS_A_GROUP = 2**18  # rules in a row group of a Parquet file, and at once in memory
FACTS = ("metric", "min_threshold", "n_found")  # attributes of rules in the metadata
SOURCE_FACTS = ("n_transactions", "min_support", "max_len")  # and of their source
KEY = b"recsys"  # of the schema's metadata: JSON


def to_table(
    source: FrequentItemsets,
    sides: Mapping[str, IntArray],
    columns: Mapping[str, npt.NDArray[Any]],
    facts: Mapping[str, Any],
) -> pa.Table:
    """Return rules as a table; see `Rules.to_parquet`.

    `sides` are indices in `source`, `columns` counts and measures, `facts` attributes for the metadata.
    """
    import pyarrow as pa

    ids = ids_in_arrow(source.items)
    made: dict[str, Any] = {}
    for side in SIDES:
        offsets, items = source.flatten(sides[side])
        starts = in_arrow(offsets).cast(pa.int32())
        made[side] = pa.ListArray.from_arrays(starts, ids.take(in_arrow(items)))
    made |= {name: in_arrow(values) for name, values in columns.items()}
    facts = {**facts, **{name: getattr(source, name) for name in SOURCE_FACTS}}
    # JSON keeps the type of integers and text only.
    if source.items.dtype.kind in "iuU" or not len(source.items):
        facts["items"] = source.items[source.last_items[source.parents < 0]].tolist()
    return pa.table(made).replace_schema_metadata({KEY: json.dumps(facts)})


def read(path: str | Path) -> dict[str, Any]:
    """Return the attributes of the rules in a Parquet file; see `Rules.from_parquet`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = require_path("path", path)
    try:
        with path.open("rb") as file:
            table = pq.ParquetFile(file).read()
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
        flat_ids = lists.flatten()
        ids = np.from_dlpack(flat_ids) if kind is np.int64 else np.array(flat_ids.to_pylist(), items.dtype)
        lengths.append(np.diff(np.from_dlpack(lists.offsets)))
        flat.append(by_id[np.searchsorted(items, ids, sorter=by_id)])
    # The items of whole rules are those of both sides; all items, without counts, come first.
    owners = np.concatenate([np.repeat(np.arange(table.num_rows), length) for length in lengths])
    flat.append(np.concatenate(flat)[np.argsort(owners, kind="stable")])
    lengths.append(lengths[0] + lengths[1])
    # `to_numpy` would import pandas the first time, which takes 0.2 s.
    columns = {
        name: np.from_dlpack(table.column(name).combine_chunks())
        for name in ("support_count", *SIDE_SUPPORTS, "improvement")
        if name in table.column_names
    }
    counts = [np.rint(columns[name] * facts["n_transactions"]) for name in SIDE_SUPPORTS]
    source, indices = FrequentItemsets.from_flat(
        np.concatenate([np.ones(len(items), dtype=np.int64), *lengths]),
        np.concatenate([np.arange(len(items)), *flat]),
        np.concatenate([np.full(len(items), -1), *counts, columns["support_count"]]),
        items=items,
        **{name: facts[name] for name in SOURCE_FACTS},
    )
    antecedents, consequents, wholes = np.split(indices[len(items) :], 3)
    stored = {name: columns[name] for name in ("improvement",) if name in columns}
    return {
        "source": source,
        "antecedents": antecedents,
        "consequents": consequents,
        "itemsets": wholes,
        "stored": stored,
        **{name: facts[name] for name in FACTS},
    }
