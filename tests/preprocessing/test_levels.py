"""Categories as items of transactions: what arules' aggregate and addAggregate make of them."""

import logging
import re
import shlex
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys import generate_rules, mine
from recsys.data import Interactions, ItemCatalog, Nouns
from recsys.errors import ParameterError
from recsys.preprocessing import Preprocessing
from tests.integration.cures import tries
from tests.mining import naive
from tests.mining.test_engines import as_dict
from tests.preprocessing.categories import AISLES, as_pairs, as_sets, at_levels, shop


def test_category_replaces_items_as_aggregate_does(caplog):
    caplog.set_level(logging.INFO)
    transactions, _ = at_levels(shop(), "category")
    # The finest level; a group is present if any of its items is. Items of no group stay themselves.
    assert as_sets(transactions) == [
        {"aisle: fruit", "aisle: bread"},
        {"aisle: fruit", "aisle: vegetables"},
        {"aisle: bread", "bag"},
        {"aisle: fruit", "aisle: bread"},
    ]
    assert transactions.items.tolist() == ["bag", "aisle: bread", "aisle: fruit", "aisle: vegetables"]
    assert (
        "1 of 5 items have no category: they stay themselves (preprocessing.levels=category)." in caplog.text
    )
    assert as_pairs(transactions) == set()


def test_both_extends_baskets_as_add_aggregate_does():
    transactions, _ = at_levels(shop(), "both", "department")
    assert as_sets(transactions) == [
        {"lemon", "orange", "bun", "department: fresh", "department: bakery"},
        {"orange", "carrot", "department: fresh"},
        {"bun", "bag", "department: bakery"},
        {"lemon", "bun", "department: fresh", "department: bakery"},
    ]
    fresh = [{item, "department: fresh"} for item in ("lemon", "orange", "carrot")]
    assert as_pairs(transactions) == {*map(frozenset, [*fresh, {"bun", "department: bakery"}])}
    assert transactions.ids.tolist() == [1, 2, 3, 4]


def test_several_levels_exclude_what_is_above_a_category():
    transactions, hierarchy = at_levels(shop(), "both", ["aisle", "department"])
    assert as_sets(transactions)[1] == {
        "orange", "carrot", "aisle: fruit", "aisle: vegetables", "department: fresh",
    }  # fmt: skip
    above = {(hierarchy.categories[a], hierarchy.categories[b]) for a, b in hierarchy.ancestors}
    assert above == {
        ("aisle: fruit", "department: fresh"),
        ("aisle: vegetables", "department: fresh"),
        ("aisle: bread", "department: bakery"),
    }
    assert frozenset({"aisle: fruit", "department: fresh"}) in as_pairs(transactions)
    assert frozenset({"lemon", "department: fresh"}) in as_pairs(transactions)
    assert frozenset({"aisle: fruit", "aisle: vegetables"}) not in as_pairs(transactions)


def test_an_item_may_have_several_categories_without_levels():
    data = shop(categories=AISLES | {"carrot": ("snack", "root", "snack"), "bun": ("",)}, levels=())
    transactions, _ = at_levels(data, "both")
    assert as_sets(transactions)[1] == {
        "orange", "carrot", *(f"category: {name}" for name in ("fresh", "fruit", "root", "snack")),
    }  # fmt: skip
    assert as_sets(transactions)[2] == {"bun", "bag"}
    assert frozenset({"category: root", "category: snack"}) not in as_pairs(transactions)


def test_categories_are_never_called_like_items():
    names = {"fruit": ("fruit",), "category: fruit": ("fruit",), "c": ("bread",), "d": ("fruit*",)}
    titles = ("", "", "category: bread", "category: fruit*")
    data = shop([list(names)], names, (), titles)
    transactions, _ = at_levels(data, "both")
    assert len(set(transactions.items.tolist())) == 7
    assert not {*transactions.items[4:].tolist()} & {*titles, *names}
    assert transactions.items[4:].tolist() == ["category: bread*", "category: fruit**", "category: fruit***"]


def test_numbers_stay_recognisable_as_text():
    catalog = ItemCatalog(
        np.array([7, 30]), ("Tea", "Jam"), (("hot",), ("hot",)), (), Nouns(category="genre")
    )
    data = Interactions(np.array([1]), np.array([30]), items=catalog)
    transactions, _ = at_levels(data, "both")
    assert transactions.items.tolist() == ["30", "genre: hot"]
    assert data.titles(transactions.items) == ["Jam", "genre: hot"]


def test_lengths_count_items():
    rules = Preprocessing(likes="all", levels="both", max_length=2)
    assert len(np.unique(rules.filter(shop()).user_id)) == 3


def test_digests_differ_by_levels():
    data = shop()
    asked = [
        ("category", None),
        ("category", "department"),
        ("both", None),
        ("both", ["department", "aisle"]),
    ]
    assert len({at_levels(data, *levels)[0].digest for levels in asked}) == 4


CATALOGS = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from(["u", "v", "w"]), max_size=2), min_size=1
)


@st.composite
def problems(draw):
    """Draw items with categories, baskets of them, levels, and a support."""
    with_levels = draw(st.booleans())
    items = dict.fromkeys("abcdef", ())
    for name, categories in draw(CATALOGS).items():
        items[name] = tuple(categories) if not with_levels or len(categories) == 2 else ()
    baskets = draw(
        st.lists(st.sets(st.sampled_from("abcdef"), min_size=1).map(sorted), min_size=1, max_size=8)
    )
    levels = draw(st.sampled_from(["category", "both"]))
    level = draw(st.sampled_from([None, ["top"], ["top", "fine"]])) if with_levels else None
    support = draw(st.integers(1, len(baskets))) / len(baskets)
    return baskets, items, ("top", "fine") if with_levels else (), levels, level, support


def naive_groups(items, names, level):
    """Return the categories of each item, as they are called, by the definition."""
    if not names:
        return {item: {f"category: {one}" for one in categories} for item, categories in items.items()}
    wanted = level or ["fine"]
    return {
        item: {f"{one}: {found}" for one, found in zip(names, categories, strict=False) if one in wanted}
        for item, categories in items.items()
    }


@settings(deadline=None, derandomize=True, max_examples=50)
@given(problem=problems())
def test_rules_are_those_of_a_naive_extension_without_what_is_implied(problem):
    baskets, items, names, levels, level, support = problem
    groups = naive_groups(items, names, level)
    used = {item for basket in baskets for item in basket}
    if not any(groups[item] for item in used):
        with pytest.raises(ParameterError, match=r"preprocessing\.levels must be item for shop, whose items"):
            at_levels(shop(baskets, items, names), levels, level)
        return
    transactions, _ = at_levels(shop(baskets, items, names), levels, level)
    extended = [
        {*(item for item in basket if levels == "both" or not groups[item])}.union(
            *(groups[item] for item in basket)
        )
        for basket in baskets
    ]
    assert as_sets(transactions) == extended
    implied = {frozenset({item, group}) for item in used for group in groups[item]}
    if names:
        implied |= {
            frozenset(pair)
            for item in used
            for pair in combinations(groups[item], 2)
        }  # fmt: skip
    frequent = {
        itemset: count
        for itemset, count in naive.frequent_itemsets(extended, support).items()
        if not any(set(pair) <= set(itemset) for pair in implied if len(pair) == 2)
    }
    found = mine(transactions, support)
    assert {frozenset(one): n for one, n in as_dict(found).items()} == {
        frozenset(one): n for one, n in frequent.items()
    }
    rules = generate_rules(found)
    sides = zip(found.frozensets(rules.antecedents), found.frozensets(rules.consequents), strict=True)
    expected = {(frozenset(a), frozenset(c)): count for (a, c), (count, *_) in naive.rules(frequent).items()}
    assert dict(zip(sides, rules.support_counts.tolist(), strict=True)) == expected
    kept = rules[rules.measure("improvement") > 0]
    assert len(generate_rules(found, drop_redundant=True)) == len(kept)


@tries("recsys/preprocessing/levels.py", "Set preprocessing.level=null.", "typed_override(KEY")
@tries("recsys/preprocessing/levels.py", "Set preprocessing.levels=item")
@pytest.mark.parametrize(
    ("data", "rules", "message"),
    [
        (
            shop(levels=()),
            {"levels": "both", "level": "aisle"},
            r"preprocessing\.level must be null for shop, whose categories have no levels\. Got 'aisle'\. "
            r"Set preprocessing\.level=null\.$",
        ),
        (
            shop(),
            {"levels": "both", "level": ["department", "shelf"]},
            r"preprocessing\.level must be one of department, aisle\. Got 'shelf'\. "
            r"Set preprocessing\.level=aisle\.$",
        ),
        (
            shop(categories=dict.fromkeys(AISLES, ())),
            {"levels": "category", "level": "aisle"},
            r"preprocessing\.levels must be item for shop, whose items have no categories\. Got 'category'\. "
            r"Set preprocessing\.levels=item, or give the dataset a column of categories\.$",
        ),
    ],
)
def test_what_the_data_lacks_is_refused_with_a_cure(data, rules, message):
    items = np.unique(data.item_id)
    with pytest.raises(ParameterError, match=message) as refused:
        Preprocessing(likes="all", **rules).hierarchy(data, items)
    (cure,) = re.findall(r"Set (\S+?)[,.]( |$)", str(refused.value))
    key, value = shlex.split(cure[0])[0].removeprefix("preprocessing.").split("=")
    cured = Preprocessing(likes="all", **rules | {key: None if value == "null" else value})
    assert (cured.hierarchy(data, items) is None) == (value == "item")


@pytest.mark.parametrize("level", ["", [], [7], 7, [""], [["aisle"]]])
def test_a_level_is_a_name_or_several(level):
    with pytest.raises(ParameterError, match="level must be the name of a level, a list of names, or null"):
        Preprocessing(level=level)


def test_levels_are_a_choice():
    with pytest.raises(ParameterError, match=r"levels must be one of item, category, both\. Got 'items'"):
        Preprocessing(levels="items")
    assert len({Preprocessing(level=level) for level in ("aisle", ["aisle"], ("aisle", "aisle"))}) == 1
