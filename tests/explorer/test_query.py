"""Filtered, sorted and paged rules, against a list of dictionaries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data import ItemCatalog
from recsys.errors import ParameterError
from recsys.explorer import Query, RuleTable
from recsys.explorer.points import AXES, sample
from tests.explorer import naive
from tests.explorer.problems import between_orders, shop

TABLES = {"shop": shop(), "between orders": between_orders()}


@st.composite
def queries(draw, table):
    ids = st.lists(st.sampled_from(table.item_ids.tolist()), max_size=2)
    values = [float(value) for name in table.columns for value in np.unique(table.column(name))]
    bounds = st.dictionaries(
        st.sampled_from(table.columns), st.sampled_from([v for v in values if np.isfinite(v)]), max_size=2
    )
    words = st.sampled_from(
        ["", "e", "CAFE", "straße", "strasse", "noir beer", "i3", "matrix 1999", "milk 9", "?"]
    )
    return Query(
        draw(words),
        *(draw(st.one_of(st.just([]), ids)) for _ in range(3)),
        draw(bounds),
        draw(bounds),
        draw(st.sampled_from(table.columns)),
        draw(st.booleans()),
    )


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_rules_found_are_those_of_a_list_of_dictionaries(name, data):
    table = TABLES[name]
    query = data.draw(queries(table))
    found = query.find(table)
    assert found.tolist() == naive.find(table, query)
    mask = query.mask(table)
    assert mask is None or np.flatnonzero(mask).tolist() == sorted(found.tolist())


@pytest.mark.parametrize("name", TABLES)
def test_rows_have_ids_titles_and_finite_measures(name):
    table = TABLES[name]
    order = np.random.default_rng(0).permutation(len(table))
    for row, expected in zip(table.rows(order), [naive.rows(table)[rule] for rule in order], strict=True):
        assert row["rule_id"] == expected["rule_id"]
        sides = [[table.items[item] for item in side] for side in expected["sides"]]
        assert [row["antecedents"], row["consequents"]] == sides
        for measure, value in row["measures"].items():
            assert value == (
                expected["columns"][measure] if np.isfinite(value or np.nan) or value == 0 else None
            )


def test_infinite_values_are_above_every_bound_and_those_not_known_within_none():
    table = TABLES["between orders"]
    assert Query(minimum={"lift": 1.5}).find(table).tolist() == [0, 2]
    assert Query(maximum={"lift": 99.0}).find(table).tolist() == [0, 3]
    assert Query().find(table).tolist() == [0, 3, 1, 2]
    assert table.range_of("lift") == (1.0, 2.0)


def test_items_of_the_most_rules_come_first():
    table = TABLES["between orders"]
    assert table.n_rules_of_items.tolist() == [2, 3, 1]
    assert table.find_items("mil", 10) == [
        {"item_id": 8, "title": "Milk", "display_title": "Milk", "year": None, "n_rules": 3},
        {"item_id": 7, "title": "Milk", "display_title": "Milk", "year": None, "n_rules": 2},
    ]
    (item,) = table.find_items("9", 10)
    assert (item["item_id"], item["title"], item["n_rules"]) == (9, "9", 1)


@pytest.mark.parametrize("text", ['matrix", the', 'the "matrix"', '"Matrix", The (1999)'])
def test_a_title_is_found_as_it_is_written_and_as_people_say_it(text):
    table = TABLES["shop"]
    row = next(iter(table.rows(Query(item=["i5"]).find(table)[:1])))
    (item,) = (one for side in ("antecedents", "consequents") for one in row[side] if one["item_id"] == "i5")
    assert (item["display_title"], item["year"]) == ('The "Matrix"', 1999)
    assert Query(text).find(table).tolist() == Query(item=["i5"]).find(table).tolist()
    assert not Query('"the matrix"').find(table).size


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Query(sort="colour"), "sort must be one of antecedent_support, "),
        (Query(minimum={"colour": 1}), "min_colour must be one of antecedent_support, "),
        (Query(maximum={"lift": np.nan}), "max_lift must be a finite number. Got nan."),
        (Query(text="a b c d e f g h i j k"), "text must be at most 10 words. Got 'a b c"),
        (Query(consequent=["x"]), "consequent must be the id of an item of the rules. Got 'x'."),
    ],
)
def test_a_query_of_what_is_not_there_is_refused(query, message):
    with pytest.raises(ParameterError, match=f"^{message}"):
        query.find(TABLES["shop"])


@pytest.mark.parametrize("limit", [20, 60, 100])
@pytest.mark.parametrize("query", [Query(), Query(text="noir", minimum={"confidence": 0.4})])
def test_a_sample_is_fixed_and_has_the_extremes(limit, query):
    table = TABLES["shop"]
    n_found, points = sample(table, query, limit)
    found = np.sort(query.find(table))
    assert n_found == len(found) > limit == len(points)
    assert set(points.tolist()) <= set(found.tolist())
    assert points.tolist() == sorted(points.tolist()) == sample(shop(), query, limit)[1].tolist()
    for axis in AXES:
        values = table.measures[axis]
        assert values[points].min() == values[found].min()
        assert values[points].max() == values[found].max()
    everything = sample(table, query, len(found))
    assert everything[1].tolist() == found.tolist()


def test_a_table_without_rules():
    shop = TABLES["shop"]
    none = np.zeros(0, dtype=np.int64)
    empty = [side.of(none) for side in (shop.antecedents, shop.consequents)]
    measures = {name: values[none] for name, values in shop.measures.items()}
    table = RuleTable(*empty, ItemCatalog.empty(), shop.item_ids, none, measures)
    assert Query(text="a", item=["i1"], minimum={"lift": 1.0}).find(table).tolist() == []
    assert sample(table, Query(), 10)[1].tolist() == []
    assert table.range_of("lift") == (None, None)
    assert table.find_items("i", 10) == []
