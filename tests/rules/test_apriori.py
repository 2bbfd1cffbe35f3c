import math
from dataclasses import fields

import pytest

from recsys import generate_rules, mine
from recsys.data import Transactions
from recsys.errors import BudgetError, ParameterError
from recsys.mining import BitsetEngine, Budget, ItemsetCache, min_count
from recsys.rules import Apriori, RuleOptions
from tests.integration.cures import tries


def test_defaults_and_equality():
    assert Apriori(min_support=0.1) == Apriori(0.1, 2, metric="lift", min_threshold=1.0)
    assert hash(Apriori(0.1)) == hash(Apriori(0.1))
    Apriori(min_support=1, max_len=1, metric="leverage", min_threshold=-1)


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("min_support", 0, "a number in (0, 1]"),
        ("min_support", 2, "a number in (0, 1]"),
        ("min_support", "a", "a number in (0, 1]"),
        ("min_support", None, "a number in (0, 1]"),
        ("min_count", 1, "an integer of at least 2"),
        ("max_len", 0, "an integer of at least 1"),
        ("max_len", 2.5, "an integer of at least 1"),
        ("max_len", True, "an integer of at least 1"),
        ("min_threshold", math.inf, "a finite number"),
        ("min_threshold", None, "a finite number"),
        ("max_antecedent_len", 0, "an integer of at least 1"),
        ("max_consequent_len", "1", "an integer of at least 1"),
        ("antecedent_items", [], "a list of at least one item id"),
        ("consequent_items", 7, "a list of at least one item id"),
        ("antecedent_contains", "tea", "a list of at least one item id"),
        ("consequent_contains", [[1]], "a list of at least one item id"),
        ("drop_redundant", 1, "true or false"),
        ("alpha", 5, "a number in (0, 1)"),
        ("correction", "fdr", "one of holm, benjamini_hochberg, none"),
        ("max_rules", 0, "an integer of at least 1"),
        ("over_max_rules", None, "one of error, keep_best"),
    ],
)
def test_bad_parameters(parameter, value, rule):
    with pytest.raises(ParameterError) as caught:
        Apriori(**{"min_support": 0.1, parameter: value})
    assert str(caught.value) == f"{parameter} must be {rule}. Got {value!r}."
    assert str(caught.value.within("apriori")).startswith(f"apriori.{parameter} must be")


def test_unknown_metric_names_the_known():
    with pytest.raises(ParameterError, match=r"metric must be one of .*confidence, lift, .* Got 'gain'."):
        Apriori(0.1, metric="gain")


def test_it_has_every_option_and_limit():
    names = {field.name for kind in (RuleOptions, Budget) for field in fields(kind)}
    assert {field.name for field in fields(Apriori)} == {"min_support", "min_count", "max_len", *names}


@pytest.mark.parametrize("n", [7, 25, 609])
def test_a_count_is_a_support(n):
    for count in range(2, n + 1):
        assert min_count(Apriori(None, min_count=count).support(n), n) == count
        assert min_count(Apriori(2 / n, min_count=count).support(n), n) == count
        assert min_count(Apriori(1.0, min_count=count).support(n), n) == n
    with pytest.raises(ParameterError, match=f"min_count must be at most the {n} transactions. Got {n + 1}"):
        Apriori(min_count=n + 1).support(n)


@tries("recsys/rules/apriori.py", "Set apriori.min_count=null")
def test_itemsets_of_a_count():
    transactions = Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"]))
    cache, engine = ItemsetCache(enabled=False), BitsetEngine()
    itemsets, _ = Apriori(None, None, min_count=2).find_itemsets(transactions, engine, cache)
    assert itemsets.to_frame().equals(mine(transactions, min_support=0.5).to_frame())
    with pytest.raises(
        ParameterError, match=r"apriori\.min_count must be at most the 4 transactions\. Got 5"
    ):
        Apriori(min_count=5).find_itemsets(transactions, engine, cache)
    assert len(Apriori(0.5, None, min_count=None).find_itemsets(transactions, engine, cache)[0]) == len(
        itemsets
    )


def test_lists_of_a_configuration_make_a_key_of_caches():
    apriori = Apriori(0.1, antecedent_items=[3, 1, 3], consequent_contains=["a"])
    assert apriori == Apriori(0.1, antecedent_items=(3, 1), consequent_contains=("a",))
    assert hash(apriori) == hash(Apriori(0.1, antecedent_items=(3, 1), consequent_contains=("a",)))


def test_lists_that_contradict_each_other():
    rule = r"antecedent_contains must be among antecedent_items. Got 3."
    with pytest.raises(ParameterError, match=rule):
        Apriori(0.1, antecedent_items=[1, 2], antecedent_contains=[3])
    rule = r"antecedent_contains must be without the items of consequent_contains. Got 1."
    with pytest.raises(ParameterError, match=rule):
        Apriori(0.1, antecedent_contains=[1], consequent_contains=[1])


def test_it_generates_rules_by_its_parameters():
    itemsets = mine(Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"])), min_support=0.25)
    options = {
        "metric": "phi",
        "min_threshold": -0.5,
        "max_consequent_len": 1,
        "consequent_items": ["a", "b"],
    }
    found = Apriori(0.25, None, **options).generate_rules(itemsets)
    assert len(found) > 0
    assert found.to_frame().equals(generate_rules(itemsets, **options).to_frame())
    with pytest.raises(ParameterError, match=r"apriori.consequent_items must be ids of items .* Got 'z'."):
        Apriori(0.25, consequent_items=["z"]).generate_rules(itemsets)
    with pytest.raises(
        BudgetError,
        match=r"apriori.max_memory is 10, .* set apriori.max_consequent_len=1, or raise apriori.m",
    ):
        Apriori(0.25, None, max_memory=10).generate_rules(itemsets)
    with pytest.raises(BudgetError, match=r"more than apriori.max_rules=1. Set apriori.max_rules=12, or ap"):
        Apriori(0.25, None, min_threshold=0.0, max_rules=1).generate_rules(itemsets)


def test_generate_rules_takes_the_options_and_no_others():
    itemsets = mine(Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"])), min_support=0.25)
    options = {field.name: field.default for field in fields(RuleOptions)}
    assert generate_rules(itemsets, **options).to_frame().equals(generate_rules(itemsets).to_frame())
    with pytest.raises(TypeError, match="max_consequent_length"):
        generate_rules(itemsets, max_consequent_length=1)
