"""Exports of rules: what they hold, and that it can be read again."""

import io
import json
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from recsys.explorer import Query, export, graphml
from recsys.explorer.export import FORMATS
from tests.explorer.problems import between_orders, shop

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"
FIRST = ["rule_id", "antecedents", "consequents", "antecedent_ids", "consequent_ids", "support_count"]


@pytest.fixture(params=[shop, between_orders], ids=lambda make: make.__name__)
def table(request, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 7)
    monkeypatch.setattr(graphml, "AT_ONCE", 7)
    return request.param()


def written(table, format, query=Query()):  # noqa: B008
    found = query.find(table)
    return found, b"".join(FORMATS[format][1](table, found)).decode()


def test_csv_is_the_frame_of_the_rules(table):
    found, text = written(table, "csv", Query(sort="support"))
    frame = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=dict.fromkeys(table.measures, ""))
    assert frame.columns.tolist() == [*FIRST, *table.measures]
    assert frame.rule_id.tolist() == found.tolist()
    assert frame.support_count.tolist() == table.support_counts[found].tolist()
    for name, values in table.measures.items():
        expected = np.where(np.isfinite(values), values, np.nan)[found]
        np.testing.assert_array_equal(frame[name].astype(float), expected)
    for rule, row in zip(found, frame.itertuples(), strict=True):
        for side, ids in ((table.antecedents, row.antecedent_ids), (table.consequents, row.consequent_ids)):
            items = side.items[side.offsets[rule] : side.offsets[rule + 1]]
            assert json.loads(ids) == table.item_ids[items].tolist()


def test_no_cell_of_a_csv_is_run_as_a_formula():
    table = shop()
    frame = pd.read_csv(io.StringIO(written(table, "csv")[1]))
    frame = frame[frame.antecedent_ids.isin(['["i1"]', '["i4"]', '["i2"]'])]
    assert set(frame.antecedents) == {"'=1+1", "Straße;' -2", "Beer & <Nappies>"}
    assert not frame.antecedent_ids.str.match(r"[=+\-@\t\r]").any()


def test_json_has_the_rows(table):
    found, text = written(table, "json")
    content = json.loads(text)
    assert (content["n_rules"], content["n_found"]) == (len(table), len(found))
    assert content["rules"] == list(table.rows(found, table.bare_items))


def test_graphml_has_items_and_rules_as_nodes(table):
    found, text = written(table, "graphml", Query(minimum={"support": 0.2}))
    root = ElementTree.fromstring(text)
    keys = {key.get("id"): key.get("attr.type") for key in root.iter(f"{NAMESPACE}key")}
    nodes = {
        node.get("id"): {data.get("key"): data.text for data in node}
        for node in root.iter(f"{NAMESPACE}node")
    }
    assert {name for data in nodes.values() for name in data} == set(keys)
    edges = [(edge.get("source"), edge.get("target")) for edge in root.iter(f"{NAMESPACE}edge")]
    assert len(edges) == table.lengths[found].sum()
    for row in table.rows(found):
        rule = f"r{row['rule_id']}"
        data = nodes[rule]
        assert (data["type"], int(data["support_count"])) == ("rule", row["support_count"])
        assert {name: float(data[name]) if name in data else None for name in row["measures"]} == row[
            "measures"
        ]
        sides = [source for source, target in edges if target == rule]
        sides += [target for source, target in edges if source == rule]
        items = [*row["antecedents"], *row["consequents"]]
        assert [nodes[node]["item_id"] for node in sides] == [str(item["item_id"]) for item in items]
        assert [nodes[node]["label"] for node in sides] == [item["title"] for item in items]
    rules = {f"r{rule}" for rule in found}
    assert {node for edge in edges for node in edge} == set(nodes) >= rules


def test_characters_that_a_format_cannot_hold_are_replaced():
    table = shop()
    table.titles[0] = "bell \x07, half a pair \ud83d"
    for name in FORMATS:
        assert "half a pair " in written(table, name)[1]
    labels = {
        data.text for data in ElementTree.fromstring(written(table, "graphml")[1]).iter(f"{NAMESPACE}data")
    }
    assert "bell \ufffd, half a pair \ufffd" in labels


def test_nothing_found(table):
    nothing = Query(maximum={"support": 0.0})
    assert written(table, "csv", nothing)[1].splitlines() == [
        ",".join(f'"{one}"' for one in [*FIRST, *table.measures])
    ]
    assert json.loads(written(table, "json", nothing)[1])["rules"] == []
    assert not list(ElementTree.fromstring(written(table, "graphml", nothing)[1]).iter(f"{NAMESPACE}node"))
