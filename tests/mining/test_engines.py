import os
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys import mine
from recsys.data import Transactions
from recsys.errors import ParameterError
from recsys.mining import ENGINES, BitsetEngine, MlxtendEngine, bitset, make_engine
from tests.mining import naive
from tests.mining.hard_cases import hard_cases
from tests.mining.strategies import deterministic, mining_problems, transaction_lists

ENGINE_NAMES = ["bitset", "mlxtend", "fpgrowth"]


def as_dict(itemsets):
    offsets, flat = itemsets.flatten(np.arange(len(itemsets)))
    ids = itemsets.items[flat].tolist()
    keys = [tuple(ids[start:stop]) for start, stop in pairwise(offsets)]
    return dict(zip(keys, itemsets.counts.tolist(), strict=True))


def assert_same(left, right):
    for name in ("parents", "last_items", "counts", "offsets"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
        assert getattr(left, name).dtype == getattr(right, name).dtype


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@deterministic
@given(problem=mining_problems())
def test_engine_agrees_with_the_definition_at_every_boundary(engine, problem):
    transactions, min_support, max_len = problem
    found = as_dict(mine(Transactions.from_lists(transactions), min_support, max_len, engine))
    expected = naive.frequent_itemsets(transactions, min_support, max_len)
    assert list(found.items()) == list(expected.items())


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.parametrize(("count", "n", "min_support"), [(7, 25, 0.28), (7, 100, 0.07), (14, 25, 0.56)])
def test_engine_keeps_a_support_that_a_product_rounds_up(engine, count, n, min_support):
    assert min_support * n > count
    transactions = Transactions.from_lists([["a", "b"]] * count + [["c"]] * (n - count))
    assert as_dict(mine(transactions, min_support, engine=engine))["a", "b"] == count


@pytest.mark.parametrize("n_transactions", [1, 63, 64, 65, 127, 128, 129, 200])
@pytest.mark.parametrize("density", [0.3, 0.8])
def test_bitset_agrees_with_fpgrowth_around_word_boundaries(n_transactions, density):
    rng = np.random.default_rng(n_transactions)
    matrix = sparse.csr_array(rng.random((n_transactions, 9)) < density)
    transactions = Transactions(matrix, np.arange(9))
    for min_support in (0.05, 0.3):
        itemsets = mine(transactions, min_support)
        assert_same(itemsets, mine(transactions, min_support, engine="fpgrowth"))
        for length in range(1, itemsets.max_length + 1):
            every = transactions.matrix.toarray()[:, itemsets.level(length)].all(axis=2).sum(axis=0)
            np.testing.assert_array_equal(itemsets.level_counts(length), every)


def test_low_memory_returns_the_same():
    transactions = Transactions.from_lists([[0, 1, 2], [0, 1], [1, 2], [0, 1, 2]])
    assert_same(mine(transactions, 0.5, engine=MlxtendEngine(low_memory=True)), mine(transactions, 0.5))


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.parametrize("transactions", [[], [[]], [[], []], [["a"], ["b"], ["c"], []]])
def test_nothing_frequent_is_no_error(engine, transactions):
    itemsets = mine(Transactions.from_lists(transactions), 1.0, engine=engine)
    assert (len(itemsets), itemsets.max_length) == (0, 0)
    assert len(itemsets.to_frame()) == 0
    assert_same(itemsets, mine(Transactions.from_lists(transactions), 1.0))


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.parametrize("n_items", [1, 2, 3, 10])
@pytest.mark.parametrize("n_transactions", [1, 70])
def test_identical_transactions_have_all_subsets(engine, n_items, n_transactions):
    itemsets = mine(Transactions.from_lists([range(n_items)] * n_transactions), 1.0, engine=engine)
    assert len(itemsets) == 2**n_items - 1
    assert set(itemsets.counts.tolist()) == {n_transactions}


@deterministic
@given(mining_problems(), st.randoms(use_true_random=False))
def test_arrays_do_not_depend_on_the_order_of_the_input(problem, random):
    transactions, min_support, max_len = problem
    expected = mine(Transactions.from_lists(transactions), min_support, max_len)
    shuffled = [random.sample(row, len(row)) for row in random.sample(transactions, len(transactions))]
    assert_same(mine(Transactions.from_lists(shuffled), min_support, max_len), expected)


def test_a_giant_transaction_among_small_ones():
    giant = list(range(10_000))
    transactions = Transactions.from_lists([giant, giant[:40], giant[30:60], giant[35:45], []])
    assert len(mine(transactions, 0.2, 1)) == 10_000
    itemsets = mine(transactions, 0.6)
    # Three transactions hold 30 to 39, and three hold 35 to 44; they have 35 to 39 in common.
    assert len(itemsets) == (2**10 - 1) + (2**10 - 1) - (2**5 - 1)
    assert itemsets.level(1)[:, 0].tolist() == list(range(30, 45))
    assert_same(itemsets, mine(transactions, 0.6, engine="fpgrowth"))


@deterministic
@given(transaction_lists, st.integers(1, 4))
def test_downward_closure(transactions, count):
    itemsets = mine(Transactions.from_lists(transactions), count / (len(transactions) + 4))
    for length in range(2, itemsets.max_length + 1):
        subset_counts = itemsets.counts[itemsets.subsets(length)]
        assert (subset_counts >= itemsets.level_counts(length)[:, np.newaxis]).all()


@deterministic
@given(mining_problems(), st.randoms(use_true_random=False))
def test_order_of_transactions_and_names_of_items_do_not_matter(problem, random):
    transactions, min_support, max_len = problem
    expected = as_dict(mine(Transactions.from_lists(transactions), min_support, max_len))
    names = random.sample(range(7), 7)
    shuffled = [[names[item] for item in row] for row in random.sample(transactions, len(transactions))]
    found = as_dict(mine(Transactions.from_lists(shuffled), min_support, max_len))
    assert found == {tuple(sorted(names[item] for item in key)): n for key, n in expected.items()}


UNCOMPILED = """
import runpy, sys
import numpy as np
from recsys import mine
hard_cases = runpy.run_path(sys.argv[2])["hard_cases"]
results = []
for transactions, min_support, max_len in hard_cases():
    found = mine(transactions, min_support, max_len)
    results += [found.parents, found.last_items, found.counts, found.offsets]
np.savez(sys.argv[1], *results)
"""


def test_the_result_is_the_same_uncompiled(tmp_path):
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    cases = Path(__file__).with_name("hard_cases.py")
    command = [sys.executable, "-W", "error", "-c", UNCOMPILED, str(tmp_path / "results.npz"), str(cases)]
    subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], check=True)
    with np.load(tmp_path / "results.npz") as results:
        arrays = iter(results.values())
        for transactions, min_support, max_len in hard_cases():
            compiled = mine(transactions, min_support, max_len)
            for name in ("parents", "last_items", "counts", "offsets"):
                np.testing.assert_array_equal(getattr(compiled, name), next(arrays))


@pytest.mark.parametrize("n_threads", [2, 3])
def test_the_result_is_the_same_on_any_number_of_threads(n_threads):
    for transactions, min_support, max_len in hard_cases():
        one = mine(transactions, min_support, max_len, BitsetEngine(n_threads=1))
        assert_same(mine(transactions, min_support, max_len, BitsetEngine(n_threads)), one)
        assert_same(mine(transactions, min_support, max_len, "fpgrowth"), one)


def test_all_processors_that_the_process_may_use_are_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2, 5}, raising=False)
    assert bitset.available_processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert bitset.available_processors() == 1


def test_an_error_of_a_thread_arrives(monkeypatch):
    from recsys.mining import _bitset_kernel as kernel

    def out_of_memory(*arguments):
        raise MemoryError("no room")

    monkeypatch.setattr(kernel, "longer_itemsets", out_of_memory)
    with pytest.raises(MemoryError, match="no room"):
        mine(Transactions.from_lists([[0, 1, 2]] * 4), 0.5)


def test_mlxtend_leaves_the_warning_filters_alone():
    before = list(warnings.filters)
    mine(Transactions.from_lists([["a", "b"], ["a"]]), 0.5, engine="mlxtend")
    assert warnings.filters == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_support": 0}, r"min_support must be a number in \(0, 1\]. Got 0."),
        ({"min_support": 1.1}, r"min_support must be a number in \(0, 1\]. Got 1.1."),
        ({"min_support": float("nan")}, r"min_support must be a number in \(0, 1\]. Got nan."),
        ({"min_support": "0.1"}, r"min_support must be a number in \(0, 1\]. Got '0.1'."),
        ({"min_support": True}, r"min_support must be a number in \(0, 1\]. Got True."),
        ({"max_len": 0}, "max_len must be an integer of at least 1. Got 0."),
        ({"max_len": 2.0}, "max_len must be an integer of at least 1. Got 2.0."),
        ({"engine": "eclat"}, "engine must be one of bitset, mlxtend, fpgrowth, spark. Got 'eclat'."),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ParameterError, match=message):
        mine(Transactions.from_lists([["a"]]), **{"min_support": 0.5, **arguments})


def test_bad_engine_parameters():
    with pytest.raises(ParameterError, match=r"algorithm must be one of apriori, fpgrowth. Got 'fpmax'."):
        MlxtendEngine("fpmax")
    with pytest.raises(ParameterError, match=r"low_memory must be false for fpgrowth. Got True."):
        MlxtendEngine("fpgrowth", low_memory=True)
    with pytest.raises(ParameterError, match=r"n_threads must be an integer of at least 1. Got 0."):
        BitsetEngine(n_threads=0)


def test_engines_are_values():
    assert hash(BitsetEngine()) == hash(BitsetEngine())
    assert {MlxtendEngine(), MlxtendEngine("apriori")} == {make_engine("mlxtend")}


@pytest.mark.parametrize("name", ENGINES)
def test_configuration_makes_the_engine_of_that_name(name):
    from omegaconf import OmegaConf

    from recsys.composition import build

    config = OmegaConf.load(Path(__file__).parents[2] / "conf" / "engine" / f"{name}.yaml")
    assert build(OmegaConf.create({"engine": config}), "engine") == make_engine(name)


def test_golden_ml_latest_small():
    path = Path(os.environ.get("RECSYS_DATA_DIR", "")) / "ml-latest-small" / "ratings.csv"
    if not path.is_file():
        pytest.skip("needs ml-latest-small (September 2018) in $RECSYS_DATA_DIR/ml-latest-small")
    ratings = pd.read_csv(path)
    liked = ratings[ratings["rating"] >= 3.5]
    users, rows = np.unique(liked["userId"], return_inverse=True)
    movies, columns = np.unique(liked["movieId"], return_inverse=True)
    matrix = sparse.csr_array(
        (np.ones(len(liked), dtype=bool), (rows, columns)), shape=(len(users), len(movies))
    )
    transactions = Transactions(matrix, movies, users)
    itemsets = mine(transactions, 0.01, max_len=2)
    assert transactions.n_transactions == 609
    assert np.diff(itemsets.offsets).tolist() == [1889, 213544]
    assert len(mine(transactions, 0.04)) == 3_651_466

    from recsys import generate_rules

    rules = generate_rules(itemsets, "lift", 0.0)
    assert len(rules) == 427_088
    assert rules.measure("lift")[0] == 53.2875
    titles = pd.read_csv(path.with_name("movies.csv"), index_col="movieId")["title"]
    best = rules.top(1).to_frame().iloc[0]
    pair = titles[list(best["antecedents"] | best["consequents"])]
    assert sorted(title.split(" (")[0] for title in pair) == ["Jean de Florette", "Manon of the Spring"]
