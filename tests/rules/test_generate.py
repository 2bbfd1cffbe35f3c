import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend.frequent_patterns import apriori, association_rules
from scipy import sparse

from recsys import generate_rules, mine
from recsys.data import Transactions
from recsys.errors import BudgetError, DataFormatError, ParameterError
from recsys.mining import Budget
from recsys.rules import (
    CORRECTIONS,
    METRICS,
    MLXTEND_MEASURES,
    SMALLER_IS_BETTER,
    adjust_p_values,
    best,
    measures,
    splits,
)
from recsys.rules.budget import BYTES_A_RULE
from recsys.rules.rules import MLXTEND_NAMES
from tests.integration.cures import tries
from tests.mining import naive
from tests.mining.strategies import deterministic, mining_problems
from tests.rules import naive as naive_rules


def as_dict(rules):
    """Return {(antecedent, consequent): position}."""
    frame = rules.to_frame()
    sides = zip(frame["antecedents"], frame["consequents"], strict=True)
    return {(tuple(sorted(a)), tuple(sorted(c))): place for place, (a, c) in enumerate(sides)}


def test_worked_by_hand():
    # n = 4; a: 3, b: 3, c: 2, ab: 2, ac: 2, bc: 1 (not frequent).
    itemsets = mine(Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"])), min_support=0.5)
    rules = generate_rules(itemsets, "lift", 0.0)
    # lift(a, c) = 4 * 2 / (3 * 2) = 4/3; lift(a, b) = 4 * 2 / (3 * 3) = 8/9; ties by antecedent.
    assert list(as_dict(rules)) == [(("a",), ("c",)), (("c",), ("a",)), (("a",), ("b",)), (("b",), ("a",))]
    assert rules.measure("lift").tolist() == [4 / 3, 4 / 3, 8 / 9, 8 / 9]
    assert rules.measure("confidence").tolist() == [2 / 3, 1, 2 / 3, 2 / 3]
    assert rules.measure("conviction").tolist() == [1.5, math.inf, 0.75, 0.75]
    assert rules.support_counts.tolist() == [2, 2, 2, 2]
    assert len(generate_rules(itemsets, "lift", 4 / 3)) == 2


@deterministic
@given(mining_problems())
def test_all_splits_with_their_counts_in_order(problem):
    transactions, min_support, max_len = problem
    rules = generate_rules(mine(Transactions.from_lists(transactions), min_support, max_len))
    expected = naive.rules(naive.frequent_itemsets(transactions, min_support, max_len))
    found = as_dict(rules)
    assert set(found) == set(expected)
    lifts = {rule: naive.lift(len(transactions), *counts) for rule, counts in expected.items()}

    def key(rule):
        antecedent, consequent = rule
        return -lifts[rule], len(antecedent), antecedent, len(consequent), consequent

    assert list(found) == sorted(expected, key=key)
    assert rules.measure("lift").tolist() == [float(lifts[rule]) for rule in found]


@deterministic
@given(mining_problems())
def test_lift_is_symmetric(problem):
    transactions, min_support, max_len = problem
    rules = generate_rules(mine(Transactions.from_lists(transactions), min_support, max_len))
    lifts, places = rules.measure("lift"), as_dict(rules)
    for (antecedent, consequent), place in places.items():
        assert lifts[place] == lifts[places[consequent, antecedent]]


def random_transactions(seed, n_transactions=40, n_items=7, density=0.5):
    rng = np.random.default_rng(seed)
    return Transactions(sparse.csr_array(rng.random((n_transactions, n_items)) < density), np.arange(n_items))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # of mlxtend, where it divides by 0
@pytest.mark.parametrize("metric", MLXTEND_MEASURES)
@pytest.mark.parametrize("density", [0.3, 0.6])
def test_agrees_with_mlxtend(metric, density):
    transactions = random_transactions(len(metric), density=density)
    # An item that all transactions hold, and a pair that never parts: the cases with a denominator of 0.
    dense = transactions.matrix.toarray()
    dense[:, 0] = True
    dense[:, 1] = dense[:, 2]
    transactions = Transactions(sparse.csr_array(dense), transactions.items)
    itemsets = mine(transactions, 0.1)
    frequent = apriori(pd.DataFrame(dense), 0.1)
    scores = np.unique(generate_rules(itemsets, metric, -2.0).measure(metric))
    scores = scores[np.isfinite(scores)]
    # Between two values, where the last digits of mlxtend's floats do not decide; and below all of them.
    gaps = np.flatnonzero(np.diff(scores) > 1e-9)
    thresholds = [-2.0, *(scores[gap] + np.diff(scores)[gap] / 2 for gap in gaps[len(gaps) // 2 :][:1])]
    for threshold in thresholds:
        expected = association_rules(
            frequent, metric=MLXTEND_NAMES.get(metric, metric), min_threshold=threshold
        )
        rules = generate_rules(itemsets, metric, threshold)
        frame = rules.to_frame()
        assert list(frame.columns) == list(expected.columns)
        assert frame.dtypes.tolist() == expected.dtypes.tolist()
        index = ["antecedents", "consequents"]
        both = frame.merge(expected, on=index, how="outer", suffixes=("", " expected"), indicator=True)
        assert (both["_merge"] == "both").all()
        for name in MLXTEND_MEASURES:
            theirs = MLXTEND_NAMES.get(name, name)
            np.testing.assert_allclose(both[theirs], both[f"{theirs} expected"], rtol=1e-12, atol=1e-12)
        values = rules.measure(metric)
        assert (values[:-1] >= values[1:]).all()


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@settings(deterministic, max_examples=30)
@given(mining_problems())
def test_all_rules_are_mlxtends(problem):
    transactions, min_support, max_len = problem
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    frame = generate_rules(itemsets, "support", 0.0).to_frame()
    if itemsets.max_length < 2:  # mlxtend's frame has no types then, or it refuses
        assert len(frame) == 0
        return
    expected = association_rules(itemsets.to_frame(), metric="support", min_threshold=0.0)
    index = ["antecedents", "consequents"]
    order = expected.set_index(index).loc[list(map(tuple, frame[index].to_numpy()))].reset_index()
    assert len(expected) == len(frame)
    pd.testing.assert_frame_equal(frame, order, rtol=1e-12, atol=1e-12)


def test_portions_do_not_show(monkeypatch):
    itemsets = mine(random_transactions(3), 0.1)
    expected = generate_rules(itemsets, "confidence", 0.4)
    assert itemsets.max_length >= 4
    monkeypatch.setattr(splits, "SPLITS_AT_ONCE", 5)
    rules = generate_rules(itemsets, "confidence", 0.4)
    for name in ("antecedents", "consequents", "itemsets"):
        np.testing.assert_array_equal(getattr(rules, name), getattr(expected, name))


def test_not_a_number_is_not_kept(monkeypatch):
    odd = lambda n, n_ac, n_a, n_c: np.where(n_ac > 2, np.nan, 1.0)  # noqa: E731
    monkeypatch.setitem(measures.MEASURES, "jaccard", odd)
    itemsets = mine(Transactions.from_lists(map(list, ["ab", "ab", "abc", "c"])), 0.25)
    rules = generate_rules(itemsets, "jaccard", 0.0)
    assert len(rules) == 10
    assert not np.isnan(rules.measure("jaccard")).any()


@pytest.mark.parametrize("lists", [[], [[]], [["a"]], [["a"], ["b"]]])
def test_no_rules_is_no_error(lists):
    rules = generate_rules(mine(Transactions.from_lists(lists), 0.5))
    assert len(rules) == 0
    assert rules.measure("lift").shape == (0,)
    assert rules.to_frame().shape == (0, 14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "Lift"}, "metric must be one of antecedent_support, .*, improvement. Got 'Lift'."),
        ({"min_threshold": math.inf}, "min_threshold must be a finite number. Got inf."),
        ({"min_threshold": math.nan}, "min_threshold must be a finite number. Got nan."),
        ({"min_threshold": "1"}, "min_threshold must be a finite number. Got '1'."),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ParameterError, match=message):
        generate_rules(mine(Transactions.from_lists([["a", "b"]]), 0.5), **arguments)


def test_too_many_candidate_rules_are_refused_at_once():
    # One itemset of 21 items, all its subsets frequent: 3^21 - 2^22 + 1 splits.
    itemsets = mine(Transactions.from_lists([list(range(21))]), 1.0)
    with pytest.raises(BudgetError, match=r"10,456,158,900 candidate rules, more than .* Set max_len=\d+ or"):
        generate_rules(itemsets)


def test_single_consequents_of_long_itemsets_are_found_without_all_splits():
    # An itemset of 18 items has 2^18 splits; all together have 18 * 2^17 - 18 with one item on the right.
    itemsets = mine(Transactions.from_lists([list(range(18))]), 1.0)
    with pytest.raises(BudgetError, match=r"There would be 2,359,278 rules, more than max_rules=5\."):
        generate_rules(itemsets, max_consequent_len=1, max_rules=5)


def in_items(rules):
    return list(as_dict(rules))


@st.composite
def constrained_problems(draw):
    """Draw a mining problem and constraints, as arguments of generate_rules."""
    items = st.none() | st.sets(st.integers(0, 6), min_size=1, max_size=5).map(sorted)
    few = st.none() | st.sets(st.integers(0, 6), min_size=1, max_size=2).map(sorted)
    constraints = {
        "max_antecedent_len": draw(st.none() | st.integers(1, 4)),
        "max_consequent_len": draw(st.none() | st.integers(1, 4)),
        "antecedent_items": draw(items),
        "consequent_items": draw(items),
        "antecedent_contains": draw(few),
        "consequent_contains": draw(few),
    }
    return draw(mining_problems()), constraints


def allows(constraints, rule):
    for side, items in zip(("antecedent", "consequent"), rule, strict=True):
        longest, allowed, required = (
            constraints[key] for key in (f"max_{side}_len", f"{side}_items", f"{side}_contains")
        )
        if longest is not None and len(items) > longest:
            return False
        if allowed is not None and not set(items) <= set(allowed):
            return False
        if required is not None and not set(items) >= set(required):
            return False
    return True


def contradicts(constraints):
    left, right = (set(constraints[f"{side}_contains"] or ()) for side in ("antecedent", "consequent"))
    return bool(left & right) or any(
        constraints[f"{side}_items"] is not None and not must <= set(constraints[f"{side}_items"])
        for side, must in (("antecedent", left), ("consequent", right))
    )


@settings(deterministic, max_examples=60)
@given(constrained_problems())
def test_constraints_select_among_all_rules(problem):
    (transactions, min_support, max_len), constraints = problem
    transactions = [*transactions, range(7)]  # all items are known
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    if contradicts(constraints):
        with pytest.raises(ParameterError, match=r"_contains must be (among|without)"):
            generate_rules(itemsets, **constraints)
        return
    every = in_items(generate_rules(itemsets, "confidence"))
    found = in_items(generate_rules(itemsets, "confidence", **constraints))
    assert found == [rule for rule in every if allows(constraints, rule)]


@pytest.mark.parametrize("length", range(2, 9))
def test_every_pair_of_lengths_of_the_sides(length):
    itemsets = mine(Transactions.from_lists([range(length)] * 3), 1.0)
    for left, right in itertools.product(range(1, length), repeat=2):
        rules = in_items(generate_rules(itemsets, max_antecedent_len=left, max_consequent_len=right))
        expected = [
            (antecedent, consequent)
            for antecedent in naive_rules.subsets(range(length))
            for consequent in naive_rules.subsets([i for i in range(length) if i not in antecedent])
            if len(antecedent) <= left and len(consequent) <= right
        ]
        assert sorted(rules) == sorted(expected)


@settings(deterministic, max_examples=20)
@given(mining_problems())
def test_measures_from_raw_transactions(problem):
    transactions, min_support, max_len = problem
    max_len = min(max_len or 4, 4)  # the oracle is slow
    rules = generate_rules(mine(Transactions.from_lists(transactions), min_support, max_len))
    values = rules.measures(METRICS)
    expected = naive_rules.rules(transactions, min_support, max_len)
    for rule, place in as_dict(rules).items():
        for name, measure in naive_rules.MEASURES.items():
            assert values[name][place] == pytest.approx(float(measure(*expected[rule])), rel=1e-13, abs=1e-15)
        assert values["improvement"][place] == float(naive_rules.improvement(transactions, *rule))


@deterministic
@given(mining_problems(), st.sampled_from(METRICS), st.floats(-1, 2))
def test_any_metric_decides_and_orders(problem, metric, threshold):
    transactions, min_support, max_len = problem
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    every = generate_rules(itemsets, metric, 9e9 if metric in SMALLER_IS_BETTER else -9e9)
    values = every.measure(metric)
    assert len(every) == len(generate_rules(itemsets))
    sign = -1 if metric in SMALLER_IS_BETTER else 1
    sides = np.stack([every.consequents, every.antecedents, -sign * values])
    np.testing.assert_array_equal(np.lexsort(sides), np.arange(len(every)))
    found = generate_rules(itemsets, metric, threshold)
    assert in_items(found) == in_items(every[sign * values >= sign * threshold])


@deterministic
@given(mining_problems())
def test_redundant_rules_are_dropped(problem):
    transactions, min_support, max_len = problem
    max_len = min(max_len or 4, 4)
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    every = in_items(generate_rules(itemsets))
    found = in_items(generate_rules(itemsets, drop_redundant=True))
    assert found == [rule for rule in every if naive_rules.improvement(transactions, *rule) > 0]


@deterministic
@given(mining_problems(), st.sampled_from([0.01, 0.3, 0.7]), st.sampled_from(CORRECTIONS))
def test_significant_rules_are_kept(problem, alpha, correction):
    transactions, min_support, max_len = problem
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    # Tested are all rules; the threshold only chooses among those that pass.
    every = generate_rules(itemsets, "confidence")
    adjusted = adjust_p_values(every.measure("p_value"), correction)
    expected = every[(adjusted <= alpha) & (every.measure("confidence") >= 0.5)]
    found = generate_rules(itemsets, "confidence", 0.5, alpha=alpha, correction=correction)
    assert in_items(found) == in_items(expected)


@deterministic
@given(mining_problems(), st.integers(1, 12), st.sampled_from(["lift", "p_value", "conviction"]))
def test_the_best_rules_are_kept_whatever_the_portions(problem, max_rules, metric):
    transactions, min_support, max_len = problem
    itemsets = mine(Transactions.from_lists(transactions), min_support, max_len)
    every = generate_rules(itemsets, metric, 1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "SPLITS_AT_ONCE", 3)
        patch.setattr(best, "SPLITS_AT_ONCE", 3)
        found = generate_rules(itemsets, metric, 1.0, max_rules=max_rules, over_max_rules="keep_best")
    assert in_items(found) == in_items(every)[:max_rules]
    assert found.n_found == len(every)


def test_keeping_the_best_is_told(caplog):
    itemsets = mine(random_transactions(5), 0.1)
    rules = generate_rules(itemsets, max_rules=10, over_max_rules="keep_best")
    found = len(generate_rules(itemsets))
    assert [record.getMessage() for record in caplog.records] == [
        f"Kept the best 10 of {found:,} rules, by lift: max_rules."
    ]
    assert repr(rules) == f"Rules(n_rules=10, n_found={found}, metric='lift', min_threshold=0.0)"
    caplog.clear()
    generate_rules(itemsets, max_rules=found, over_max_rules="keep_best")
    assert not caplog.records


@settings(deterministic, max_examples=50)
@given(mining_problems(), st.integers(1, 8), st.sampled_from(["lift", "p_value", "conviction", "leverage"]))
def test_too_many_rules_are_refused_with_what_would_fit(problem, max_rules, metric):
    transactions, min_support, max_len = problem
    transactions = Transactions.from_lists(transactions)
    every = generate_rules(mine(transactions, min_support, max_len), metric, 1.0)
    arguments = {"metric": metric, "min_threshold": 1.0, "max_rules": max_rules}
    if len(every) <= max_rules:
        assert len(generate_rules(mine(transactions, min_support, max_len), **arguments)) == len(every)
        return
    with pytest.raises(BudgetError) as caught:
        generate_rules(mine(transactions, min_support, max_len), **arguments)
    message = str(caught.value)
    assert message.startswith(f"There would be {len(every):,} rules, more than max_rules={max_rules}. ")
    values = every.measure(metric)
    sign = -1 if metric in SMALLER_IS_BETTER else 1
    # The next lower threshold, or support, would let too many through; the ones named do not.
    if named := re.search(r"min_threshold=([-.e\d]+)", message):
        fits = generate_rules(
            mine(transactions, min_support, max_len), metric, float(named[1]), max_rules=max_rules
        )
        next_best = sign * values[sign * values < sign * float(named[1])]
        assert 0 < len(fits) <= max_rules < (sign * values >= next_best.max()).sum()
    else:
        assert (values == values[0]).sum() > max_rules
    if named := re.search(r"min_support=([-.e\d]+)", message):
        fits = generate_rules(mine(transactions, float(named[1]), max_len), **arguments)
        counts = every.support_counts
        assert 0 < len(fits) <= max_rules < (counts >= counts[counts < fits.support_counts.min()].max()).sum()
    else:
        assert (every.support_counts == every.support_counts.max()).sum() > max_rules
    assert message.endswith("or over_max_rules=keep_best.")
    most = int(re.search(r"max_rules=(\d+), or over", message)[1])
    assert (
        len(generate_rules(mine(transactions, min_support, max_len), **arguments | {"max_rules": most}))
        == most
    )


@deterministic
@given(mining_problems(), st.randoms(use_true_random=False))
def test_the_order_of_transactions_does_not_show(problem, random):
    transactions, min_support, max_len = problem
    shuffled = random.sample(transactions, len(transactions))
    one, other = (
        generate_rules(mine(Transactions.from_lists(lists), min_support, max_len), "phi", -1.0)
        for lists in (transactions, shuffled)
    )
    assert one.to_arrow(METRICS).equals(other.to_arrow(METRICS))


@pytest.mark.parametrize("metric", ["lift", "leverage", "conviction"])
def test_many_rules_in_order(metric):
    # More rules than a portion, and values of both signs: all digits of the keys take part in the sort.
    rules = generate_rules(mine(random_transactions(1, 200, 60, 0.2), 0.01, 3), metric, -9.0)
    assert len(rules) > splits.SPLITS_AT_ONCE
    sides = (rules.consequents, rules.antecedents, -rules.measure(metric))
    np.testing.assert_array_equal(np.lexsort(sides), np.arange(len(rules)))
    assert rules.antecedents.dtype == rules.consequents.dtype == rules.itemsets.dtype == np.int64


def test_a_selection_of_itemsets_is_refused():
    itemsets = mine(Transactions.from_lists(map(list, ["abc", "abc", "ab"])), 0.5)
    some = replace(  # a, b, ab, abc: the pairs ac and bc are missing
        itemsets, parents=np.array([-1, -1, 0, 2]), last_items=np.array([0, 1, 1, 2]),
        counts=itemsets.counts[[0, 1, 3, 6]], offsets=np.array([0, 2, 3, 4]),
    )  # fmt: skip
    with pytest.raises(DataFormatError, match="Rules need all frequent itemsets"):
        generate_rules(some)


def test_items_and_categories_are_named_as_they_are_written():
    itemsets = mine(Transactions.from_lists([["7", "genre: War"], ["7", "8", "genre: War"]]), 0.5)
    rules = generate_rules(itemsets, antecedent_items=[7], consequent_contains=["genre: War"])
    assert set(itemsets.frozensets(rules.antecedents)) == {frozenset({"7"})}
    message = r"Got 'War'\. Categories are written with their level: 'genre: War'\.$"
    with pytest.raises(ParameterError, match=message):
        generate_rules(itemsets, consequent_items=["War"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_antecedent_len": 0}, "max_antecedent_len must be an integer of at least 1. Got 0."),
        ({"max_consequent_len": 1.5}, "max_consequent_len must be an integer of at least 1. Got 1.5."),
        ({"antecedent_items": []}, r"antecedent_items must be a list of at least one item id. Got \[\]."),
        ({"consequent_items": "a"}, "consequent_items must be a list of at least one item id. Got 'a'."),
        ({"antecedent_contains": 3}, "antecedent_contains must be a list of at least one item id. Got 3."),
        ({"consequent_contains": [["a"]]}, "consequent_contains must be a list of at least one item id."),
        ({"consequent_items": ["z"]}, "consequent_items must be ids of items in the transactions. Got 'z'."),
        (
            {"antecedent_contains": [1]},
            "antecedent_contains must be ids of items in the .* Got 1. The ids are of type str.",
        ),
        ({"drop_redundant": "yes"}, "drop_redundant must be true or false. Got 'yes'."),
        ({"alpha": 0}, r"alpha must be a number in \(0, 1\). Got 0."),
        ({"alpha": 1.0}, r"alpha must be a number in \(0, 1\). Got 1.0."),
        ({"alpha": "x"}, "alpha must be a finite number. Got 'x'."),
        ({"correction": "bonferroni"}, "correction must be one of holm, benjamini_hochberg, none. Got"),
        ({"max_rules": 0}, "max_rules must be an integer of at least 1. Got 0."),
        ({"over_max_rules": "cut"}, "over_max_rules must be one of error, keep_best. Got 'cut'."),
    ],
)
def test_bad_options(arguments, message):
    with pytest.raises(ParameterError, match=message):
        generate_rules(mine(Transactions.from_lists([["a", "b"]]), 0.5), **arguments)


def test_improvement_of_long_itemsets_is_refused_at_once():
    itemsets = mine(Transactions.from_lists([list(range(19))]), 1.0)
    with pytest.raises(BudgetError, match=r"to compare for the improvement, more than .* Set max_len=\d+ or"):
        generate_rules(itemsets, drop_redundant=True)


def test_memory_is_not_passed(monkeypatch):
    itemsets = mine(random_transactions(1, 200, 60, 0.2), 0.01, 3)
    n_rules = len(generate_rules(itemsets))
    room = n_rules * BYTES_A_RULE
    assert len(generate_rules(itemsets, budget=Budget(max_memory=room))) == n_rules
    message = (
        rf"max_memory is {room - 1}, room for {n_rules - 1:,} rules; .* were found.* Raise min_threshold, "
        r"raise min_support, set max_consequent_len=1, set max_rules=\d+ over.*, or raise max_memory\.$"
    )
    with pytest.raises(BudgetError, match=message):
        generate_rules(itemsets, budget=Budget(max_memory=room - 1))
    # Of the best alone, few are in memory at any time.
    monkeypatch.setattr(best, "SPLITS_AT_ONCE", 100)
    few = {"max_rules": 10, "over_max_rules": "keep_best"}
    assert len(generate_rules(itemsets, **few, budget=Budget(max_memory=2**24))) == 10


@tries("recsys/rules/budget.py", "set max_consequent_len=1", "set max_rules={keeps}")
@pytest.mark.parametrize("metric", ["lift", "p_value"])
def test_what_a_meter_of_rules_advises_is_within_the_memory(monkeypatch, metric):
    for module in ("best", "budget"):
        monkeypatch.setattr(f"recsys.rules.{module}.SPLITS_AT_ONCE", 100)
    itemsets, memory = mine(random_transactions(1, 200, 60, 0.2), 0.01, 3), Budget(max_memory=100_000)
    with pytest.raises(BudgetError, match=f"{'Lower' if metric == 'p_value' else 'Raise'} min_thr") as caught:
        generate_rules(itemsets, metric, 1.0, budget=memory)
    most = int(re.search(r"set max_rules=(\d+) over_max_rules=keep_best, or raise", str(caught.value))[1])
    few = {"max_rules": most, "over_max_rules": "keep_best"}
    assert len(generate_rules(itemsets, metric, 1.0, **few, budget=memory)) == most == 450


@pytest.mark.parametrize("options", [{}, {"alpha": 0.05}])
def test_time_is_not_passed(options):
    itemsets = mine(random_transactions(5), 0.1)
    with pytest.raises(
        BudgetError,
        match=r"max_seconds is 1e-09; after .* s [\d,]+ rules were found.* or raise max_seconds\.$",
    ):
        generate_rules(itemsets, **options, budget=Budget(max_seconds=1e-9))
