import math

import numpy as np
import pyarrow.parquet as pq
import pytest

from recsys import Transactions, generate_rules, mine
from recsys.errors import OutputError, ParameterError
from recsys.rules import METRICS
from recsys.rules import rules as rules_module


@pytest.fixture
def rules():
    return generate_rules(
        mine(Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"])), min_support=0.25)
    )


def test_slices_are_rules(rules):
    assert len(rules) == 12
    assert repr(rules) == "Rules(n_rules=12, metric='lift', min_threshold=0.0)"
    top = rules[:3]
    assert (len(top), len(rules.top(3)), len(rules.top(0)), len(rules.top(99))) == (3, 3, 0, 12)
    assert top.measure("lift").tolist() == rules.measure("lift")[:3].tolist()
    mask = rules.measure("confidence") == 1
    assert set(rules[mask].measure("confidence")) == {1.0}


def test_unknown_measure(rules):
    with pytest.raises(ParameterError, match=r"name must be one of .*lift.* Got 'chi2'."):
        rules.measure("chi2")


@pytest.mark.parametrize("rows_a_group", [5, 2**18])
def test_parquet_holds_every_rule_in_order(rules, tmp_path, monkeypatch, rows_a_group):
    monkeypatch.setattr(rules_module, "ROWS_A_GROUP", rows_a_group)
    path = tmp_path / "rules.parquet"
    rules.to_parquet(path)
    table, frame = pq.read_table(path).to_pydict(), rules.to_frame()
    assert list(table) == [
        "antecedents",
        "consequents",
        "support_count",
        *METRICS,
    ]
    for side in ("antecedents", "consequents"):
        assert list(map(frozenset, table[side])) == frame[side].tolist()
        assert all(items == sorted(items) for items in table[side])
    assert table["support_count"] == rules.support_counts.tolist()
    for name in METRICS:
        assert table[name] == rules.measure(name).tolist()
    assert math.inf in table["conviction"]


@pytest.mark.parametrize(
    ("lists", "id_type"), [([[1, 2]], "int64"), ([["a", "b"]], "string"), ([[1], [2]], "int64")]
)
def test_parquet_keeps_the_type_of_the_ids(tmp_path, lists, id_type):
    path = tmp_path / "rules.parquet"
    rules = generate_rules(mine(Transactions.from_lists(lists), 1.0))
    rules.to_parquet(path)
    schema = pq.read_schema(path)
    assert str(schema.field("antecedents").type.value_type) == id_type
    assert pq.read_metadata(path).num_rows == len(rules)


def test_parquet_that_cannot_be_written(rules, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        rules.to_parquet(tmp_path / "missing" / "rules.parquet")


def test_indices_are_of_the_source(rules):
    _, items = rules.source.flatten(np.array([rules.antecedents[0], rules.consequents[0]]))
    assert sorted(items) == rules.source.flatten(rules.itemsets[:1])[1].tolist()


def test_one_rule_is_a_slice(rules):
    with pytest.raises(TypeError, match=r"rules\[0:1\]"):
        rules[0]
