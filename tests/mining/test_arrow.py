"""Arrays and files are those of pyarrow.array, which would import pandas."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys import generate_rules, mine
from recsys.data import Transactions
from recsys.errors import DataFormatError
from recsys.mining.arrow import ids_in_arrow, in_arrow


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64])
def test_numbers(dtype):
    values = np.arange(12).astype(dtype)
    for some in (values, values[::3], values[:0]):
        assert in_arrow(some).equals(pa.array(some))


@pytest.mark.parametrize("ids", [[3, 1, 2**62], ["tea", "", "café 茶"], [True, False]])
def test_ids(ids):
    assert ids_in_arrow(np.array(ids)).equals(pa.array(ids))
    assert ids_in_arrow(np.array(ids)[:0]).type == (pa.null() if ids[0] is True else pa.array(ids).type)


@pytest.mark.parametrize(("ids", "reason"), [(["\ud800"], "surrogates"), ([2**63], "too large")])
def test_ids_without_a_type(ids, reason):
    with pytest.raises(DataFormatError, match=f"Item ids must have a type in Arrow.*{reason}"):
        ids_in_arrow(np.array(ids))


@pytest.mark.parametrize("items", ["abc", (1, 2, 3)])
def test_files_are_written_without_what_imports_pandas(tmp_path, monkeypatch, items):
    a, b, c = items
    itemsets = mine(Transactions.from_lists([[a, b, c], [a, b], [c]]), 0.3)
    rules = generate_rules(itemsets)
    monkeypatch.delattr(pa, "array")
    itemsets.to_parquet(tmp_path / "itemsets.parquet")
    rules.to_parquet(tmp_path / "rules.parquet")
    rules[:0].to_parquet(tmp_path / "none.parquet")
    monkeypatch.undo()
    table = pq.read_table(tmp_path / "rules.parquet")
    assert [set(row) for row in table["antecedents"].to_pylist()] == rules.to_frame()["antecedents"].tolist()
    none = pq.ParquetFile(tmp_path / "none.parquet")
    assert (none.num_row_groups, none.schema_arrow) == (0, table.schema)
