import math

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys import generate_rules, mine
from recsys.data import Transactions
from recsys.errors import DataFormatError, DataNotFoundError, OutputError, ParameterError
from recsys.rules import METRICS, MLXTEND_MEASURES, Rules, adjust_p_values, arrow
from recsys.rules import rules as rules_module
from tests.mining.strategies import deterministic, mining_problems


@pytest.fixture
def rules():
    return generate_rules(
        mine(Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"])), min_support=0.25)
    )


def test_slices_are_rules(rules):
    assert len(rules) == 12
    assert repr(rules) == "Rules(n_rules=12, metric='lift', min_threshold=0.0)"
    shown = rules._repr_html_()
    assert shown.startswith("<div>Rules(n_rules=12, metric=&#x27;lift&#x27;, min_threshold=0.0)</div><table")
    assert shown.count("<tr>") == 10
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
    monkeypatch.setattr(arrow, "ROWS_A_GROUP", rows_a_group)
    path = tmp_path / "rules.parquet"
    rules.to_parquet(path)
    table, frame = pq.read_table(path).to_pydict(), rules.to_frame()
    assert list(table) == [
        "antecedents",
        "consequents",
        "support_count",
        *MLXTEND_MEASURES,
    ]
    for side in ("antecedents", "consequents"):
        assert list(map(frozenset, table[side])) == frame[side].tolist()
        assert all(items == sorted(items) for items in table[side])
    assert table["support_count"] == rules.support_counts.tolist()
    for name in MLXTEND_MEASURES:
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


def test_all_measures_at_once_are_the_measures(rules):
    values = rules.measures(METRICS)
    assert list(values) == list(METRICS)
    for name in METRICS:
        assert values[name].tolist() == rules.measure(name).tolist()
    assert list(rules.measures()) == list(MLXTEND_MEASURES)
    with pytest.raises(ParameterError, match=r"names must be one of .*lift.* Got 'chi2'."):
        rules.measures(["lift", "chi2"])


def test_blocks_do_not_show(rules, monkeypatch):
    expected = rules.measures(METRICS)
    monkeypatch.setattr(rules_module, "RULES_AT_ONCE", 5)
    for name, values in rules.measures(METRICS).items():
        assert values.tolist() == expected[name].tolist()


def test_the_metric_is_among_what_is_written(rules):
    by_phi = generate_rules(rules.source, "phi", -1.0)
    assert list(by_phi.to_frame().columns)[-1] == "phi"
    assert by_phi.to_arrow().column_names[-1] == "phi"
    chosen = rules.to_frame(["improvement", "antecedent_support"])
    assert list(chosen.columns) == ["antecedents", "consequents", "improvement", "antecedent support"]
    chosen = rules.to_arrow(["improvement"]).column_names[3:]
    assert chosen == ["antecedent_support", "consequent_support", "improvement"]


@settings(deterministic, max_examples=25)
@given(mining_problems(), st.sampled_from(["number", "text"]), st.integers(0, 40), st.sampled_from(METRICS))
def test_reading_back_equals_what_was_written(tmp_path_factory, problem, ids, k, metric):
    transactions, min_support, max_len = problem
    if ids == "text":
        transactions = [["abcdefg"[item] for item in row] for row in transactions]
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    written = generate_rules(itemsets, metric, 2.0 if metric == "p_value" else -1.0).top(k)
    path = tmp_path_factory.getbasetemp() / "rules.parquet"
    written.to_parquet(path, METRICS)
    read = Rules.from_parquet(path)
    assert read.to_arrow(METRICS).equals(written.to_arrow(METRICS), check_metadata=True)
    pd.testing.assert_frame_equal(read.to_frame(METRICS), written.to_frame(METRICS))
    assert repr(read) == repr(written)
    assert read[1:3].to_arrow(METRICS).equals(written[1:3].to_arrow(METRICS), check_metadata=True)


def test_order_of_the_vocabulary_is_kept(tmp_path):
    frame = pd.DataFrame({"tea": [True, True], "cake": [True, True], "ale": [True, False]})
    written = generate_rules(mine(Transactions.from_frame(frame), 0.5))
    written.to_parquet(tmp_path / "rules.parquet")
    read = Rules.from_parquet(tmp_path / "rules.parquet")
    assert read.to_arrow().equals(written.to_arrow(), check_metadata=True)
    assert ["tea", "cake"] in read.to_arrow()["antecedents"].to_pylist()


def test_improvement_that_was_not_written_cannot_be_told(tmp_path, rules):
    # Of one rule with two items on the left: nothing is known about those with one of them.
    some = rules[np.diff(rules.source.flatten(rules.antecedents)[0]) == 2][:1]
    some.to_parquet(tmp_path / "rules.parquet")
    read = Rules.from_parquet(tmp_path / "rules.parquet")
    assert read.measure("lift").tolist() == some.measure("lift").tolist()
    with pytest.raises(DataFormatError, match="Rules need all frequent itemsets"):
        read.measure("improvement")


def test_files_that_are_no_rules(tmp_path, rules):
    path = tmp_path / "rules.parquet"
    with pytest.raises(DataNotFoundError, match=r"There is no file of rules at .*rules\.parquet"):
        Rules.from_parquet(path)
    path.write_text("no Parquet")
    with pytest.raises(DataFormatError, match="cannot be read as a Parquet file"):
        Rules.from_parquet(path)
    pq.write_table(rules.to_arrow().drop_columns(["support_count"]), path)
    with pytest.raises(DataFormatError, match=r"is no file of rules .* no column 'support_count'"):
        Rules.from_parquet(path)
    pq.write_table(rules.to_arrow().replace_schema_metadata({}), path)
    with pytest.raises(DataFormatError, match=r"is no file of rules .* no metadata of recsys"):
        Rules.from_parquet(path)
    generate_rules(mine(Transactions.from_lists([[1.5, 2.5]]), 1.0)).to_parquet(path)
    with pytest.raises(DataFormatError, match="neither integers nor text"):
        Rules.from_parquet(path)


def test_adjusted_p_values_of_rules(rules):
    p_values = rules.measure("p_value")
    assert (adjust_p_values(p_values) >= p_values).all()
