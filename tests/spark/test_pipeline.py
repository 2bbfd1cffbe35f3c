"""Ratings that Spark reads: what comes of them is what comes of the same file here."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from recsys import pipeline
from recsys.datasets import CsvDataset, ParquetDataset
from recsys.errors import DataFormatError, DataNotFoundError, NoTransactionsError, ParameterError
from recsys.evaluation import NoSplit, UserShare
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing
from recsys.recommenders import RuleRecommender
from recsys.rules import Apriori
from recsys.spark import SparkDataset, SparkEngine
from tests.mining.test_engines import assert_same


def experiment(dataset, engine, preprocessing=None, evaluation=None, **apriori):
    return Experiment(
        dataset=dataset,
        preprocessing=preprocessing or Preprocessing(),
        apriori=Apriori(**{"min_support": 0.1, **apriori}),
        engine=engine,
        cache=ItemsetCache(enabled=False),
        recommender=RuleRecommender(),
        evaluation=evaluation or NoSplit(),
    )


def table(n_rows=1000, texts=False, repeated=False):
    """Ratings in no order, of items of which few are rated often; thirds do not add up without rounding."""
    rng = np.random.default_rng(7)
    n_drawn = n_rows if repeated else 8 * n_rows
    users, items = rng.integers(0, 80, n_drawn), np.minimum(rng.geometric(0.06, n_drawn), 60) - 5
    rows = {
        "who": users if not texts else [f" u{user} " if user % 7 else f"u{user}" for user in users],
        "item_id": items,
        "rating": rng.integers(1, 16, n_drawn) / 3,
        "when": rng.integers(0, 5, n_drawn),
    }
    if not repeated:
        _, first = np.unique(users * 100 + items, return_index=True)
        order = rng.permutation(first)
        rows = {name: np.asarray(column)[order] for name, column in rows.items()}
    return pa.table(rows)


def write(rows, path):
    """Write Parquet as a folder of two files, and text as a file."""
    if path.suffix == ".csv":
        pa.csv.write_csv(rows, path)
        return
    path.mkdir()
    half = rows.num_rows // 2
    for part, rows_of_part in enumerate((rows.slice(0, half), rows.slice(half))):
        pq.write_table(rows_of_part, path / f"{part}.parquet", row_group_size=200)


def both(path, **options):
    options = {"path": str(path), "columns": {"user_id": "who"}, **options}
    here = (CsvDataset if path.suffix == ".csv" else ParquetDataset)(**options)
    return here, SparkDataset(format=path.suffix[1:], **options)


@pytest.mark.parametrize(
    ("name", "count", "max_len", "rules"),
    [
        (
            "a.parquet",
            11,
            3,
            {"min_movie_ratings": 10, "min_length": 9, "max_length": 14},
        ),
        ("a.csv", 8, 2, {"likes": "user_mean", "min_movie_ratings": 3}),
        ("a.csv", 15, None, {}),
    ],
)
def test_rules_are_those_of_the_same_file_here(spark_engine, tmp_path, name, count, max_len, rules):
    write(table(texts=name == "a.csv"), tmp_path / name)
    here, there = both(tmp_path / name)
    preprocessing = Preprocessing(**rules)
    n_transactions = len(
        pipeline.prepare(experiment(here, BitsetEngine(), preprocessing), "test").transactions
    )
    asked = {"min_support": count / n_transactions, "max_len": max_len}
    expected = pipeline.run(experiment(here, BitsetEngine(), preprocessing, **asked))
    found = pipeline.run(experiment(there, spark_engine, preprocessing, **asked))
    assert_same(found.itemsets, expected.itemsets)
    assert found.itemsets.counts.min() == count
    assert found.itemsets.max_length > 1
    assert found.itemsets.items.dtype == expected.itemsets.items.dtype
    assert found.metrics == expected.metrics
    assert len(found.interactions) == len(expected.interactions)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("a.csv", [("last", "when"), ("mean", "when"), ("first", None)]),
        ("a.parquet", [("first", "when"), ("max", "when"), ("last", None), ("first", None)]),
    ],
)
def test_duplicates_are_resolved_as_here(spark_engine, tmp_path, name, rules):
    write(table(repeated=True), tmp_path / name)
    with spark_engine.session():
        for rule, when in rules:
            columns = {"user_id": "who", "timestamp": when}
            here, there = both(tmp_path / name, duplicates=rule, columns=columns)
            expected = here.load()
            with there.open_in(spark_engine) as ratings:
                rows = ratings.frame.orderBy("user_id", "item_id").toArrow()
            for column in ("user_id", "item_id", "rating"):
                np.testing.assert_array_equal(
                    rows[column], getattr(expected, column), f"{rule} {when} {column}"
                )
        with pytest.raises(DataFormatError) as caught:
            both(tmp_path / name)[0].load()
        with pytest.raises(DataFormatError) as refused, both(tmp_path / name)[1].open_in(spark_engine):
            pass
        assert str(refused.value) == str(caught.value)


def test_folders_in_a_folder(spark_engine, tmp_path):
    rows = table(100)
    (tmp_path / "a.parquet/more").mkdir(parents=True)
    pq.write_table(rows.slice(0, 40), tmp_path / "a.parquet/0.parquet")
    pq.write_table(rows.slice(40), tmp_path / "a.parquet/more/1.parquet")
    here, there = both(tmp_path / "a.parquet")
    with spark_engine.session():
        with there.open_in(spark_engine) as ratings:
            assert len(ratings) == len(here.load()) == rows.num_rows
        pq.write_to_dataset(rows, tmp_path / "b.parquet", partition_cols=["item_id"])
        for wanted in ({"user_id": "who"}, {"user_id": "who", "item_id": "when"}):
            _, there = both(tmp_path / "b.parquet", columns=wanted, duplicates="max")
            with there.open_in(spark_engine) as ratings:
                assert ratings.frame.columns == ["user_id", "item_id", "rating"]


@pytest.mark.parametrize("name", ["[1] {a,b} *?.parquet", "a\\b 100%20 ü.parquet"])
def test_names_are_no_patterns(spark_engine, tmp_path, name):
    write(table(20), tmp_path / name)
    here, there = both(tmp_path / name)
    with spark_engine.session():
        with there.open_in(spark_engine) as ratings:
            assert len(ratings) == len(here.load())
        with pytest.raises(DataFormatError) as caught:
            replace(there, columns={"user_id": "none"}).open_in(spark_engine).__enter__()
    assert str(caught.value).startswith(f"{tmp_path / name} has no column 'none'; ")


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_names_of_columns_that_differ_in_case_alone(spark_engine, tmp_path, name):
    rows = table(50)
    write(rows.append_column("Rating", rows["when"]), tmp_path / name)
    here, there = both(tmp_path / name)
    setting = "spark.sql.caseSensitive"
    with spark_engine.session() as spark:
        before = spark.conf.get(setting)
        with there.open_in(spark_engine) as ratings:
            found = ratings.frame.orderBy("user_id", "item_id").toArrow()["rating"]
        np.testing.assert_array_equal(found, here.load().rating)
        assert spark.conf.get(setting) == before == "false"


def test_times_in_nanoseconds(spark_engine, tmp_path):
    """They count as seconds, and within one the row decides."""
    rows = table(300, repeated=True)
    when = pa.array(400_000_000 * rows["when"].to_numpy(), pa.timestamp("ns"))
    pq.write_table(rows.set_column(3, "when", when), tmp_path / "a.parquet")
    with spark_engine.session():
        for column, rule in (("when", "last"), ("when", "first"), (None, "last")):
            columns = {"user_id": "who", "timestamp": column}
            here, there = both(tmp_path / "a.parquet", columns=columns, duplicates=rule)
            with there.open_in(spark_engine) as ratings:
                found = ratings.frame.orderBy("user_id", "item_id").toArrow()["rating"]
            np.testing.assert_array_equal(found, here.load().rating)


def test_baskets_and_digests_in_any_order_of_the_rows(spark_engine, tmp_path):
    rows = table(200, repeated=True)
    digests = []
    for name, order in (("a.csv", 1), ("b.csv", -1)):
        write(rows.take(np.arange(200)[::order]), tmp_path / name)
        here, there = both(tmp_path / name, layout="baskets")
        likes = Preprocessing(likes="all")
        found = pipeline.run(experiment(there, spark_engine, likes, max_len=1))
        assert_same(found.itemsets, pipeline.run(experiment(here, BitsetEngine(), likes, max_len=1)).itemsets)
        digests.append((found.interactions.digest, found.transactions.digest))
    assert digests[0] == digests[1]
    assert digests[0][0] != digests[0][1]
    with pytest.raises(ParameterError, match=r"preprocessing\.likes must be all for b, which has no ratings"):
        pipeline.run(experiment(there, spark_engine, Preprocessing(likes="min_rating")))


def test_integers_without_a_sign(spark_engine, tmp_path):
    rows = table(50, repeated=True)
    columns = {name: column.to_pylist() for name, column in zip(rows.column_names, rows.columns, strict=True)}
    unsigned = {"who": pa.array(columns["who"], pa.uint64()), "when": pa.array(columns["when"], pa.uint64())}
    path = tmp_path / "a.parquet"
    with spark_engine.session():
        pq.write_table(pa.table({**columns, **unsigned}), path)
        here, there = both(path, columns={"user_id": "who", "timestamp": "when"}, duplicates="last")
        with there.open_in(spark_engine) as ratings:
            found = ratings.frame.orderBy("user_id", "item_id").toArrow()
        np.testing.assert_array_equal(found["user_id"], here.load().user_id)
        np.testing.assert_array_equal(found["rating"], here.load().rating)
        assert found["user_id"].type == pa.int64()
        large = pa.array([*range(49), 2**63], pa.uint64())
        pq.write_table(pa.table({**columns, "who": large}), path)
        _, there = both(path, duplicates="max")
        message = r"'who': 1 values are wrong, one of them '9223372036854775808', which does not fit 64 bits"
        with pytest.raises(DataFormatError, match=message), there.open_in(spark_engine):
            pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "who,item_id\n1,2\n",
            r"has no column 'rating'; it has 'who', 'item_id'\. Set dataset\.columns\.rating",
        ),
        ("who,item_id,rating\n", r"has no rows"),
        ("who,item_id,rating\n1,2,3\n1,4\n", r"1 lines have more or fewer fields .* one of them '1,4'"),
        (
            "who,item_id,rating\n1,2,bad\n1,3,4f\n",
            r"'rating': 2 values are wrong, one of them '4f', which is not a",
        ),
        (
            "who,item_id,rating\n1,2,1e999\n",
            r"'rating': 1 values .* '1e999', which is not finite\. Correct or rem",
        ),
        ('who,item_id,rating\n1, ,3\n"a\nb",2,3\n', r"fields than the header"),
        ("who,item_id,rating\n1, ,3\n", r"'item_id': 1 values are wrong, one of them ' ', which is missing"),
    ],
)
def test_text_that_is_wrong(spark_engine, tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    _, there = both(tmp_path / "a.csv")
    with pytest.raises(DataFormatError, match=message), spark_engine.session(), there.open_in(spark_engine):
        pass


def test_files_that_are_wrong(spark_engine, tmp_path):
    with spark_engine.session():
        for column, message in [
            (pa.array([1.5, None]), r"'rating': 1 values are wrong, one of them '', which is missing"),
            (
                pa.array([1.5, np.nan]),
                r"'rating': 1 values are wrong, one of them 'NaN', which is not finite",
            ),
            (pa.array(["1", "2"]), r"'rating': the values are of type string and must be numbers"),
        ]:
            pq.write_table(
                pa.table({"who": [1, 2], "item_id": [1, 2], "rating": column}), tmp_path / "a.parquet"
            )
            _, there = both(tmp_path / "a.parquet")
            with pytest.raises(DataFormatError, match=message), there.open_in(spark_engine):
                pass
        (tmp_path / "empty.csv").touch()
        (tmp_path / "empty.parquet").mkdir()
        (tmp_path / "empty.parquet/_a.parquet").touch()
        (tmp_path / "text.parquet").write_text("who,item_id,rating")
        for name, message in [
            ("empty.csv", r"empty\.csv holds no table: it is empty, or .* Put an intact copy in its place"),
            ("empty.parquet", r"empty\.parquet holds no Parquet: .* begin with _ or \. Put an intact copy"),
            ("text.parquet", r"text\.parquet is not Parquet: .* Put an intact copy in its place"),
        ]:
            with pytest.raises(DataFormatError, match=message):
                both(tmp_path / name)[1].open_in(spark_engine).__enter__()
        _, there = both(tmp_path / "none.parquet")
        with pytest.raises(
            DataNotFoundError, match=r"none\.parquet cannot be read by Spark: .*Correct dataset\.p"
        ):
            there.open_in(spark_engine).__enter__()


@pytest.mark.parametrize("name", ["_a.parquet", ".a.csv"])
def test_a_file_that_spark_ignores_is_refused(spark_engine, tmp_path, name):
    (tmp_path / name).write_text("who,item_id,rating\n1,2,3\n")
    _, there = both(tmp_path / name)
    message = (
        rf"dataset\.path must be .* begin with _ or \., .*{name}'\. Rename it, or set dataset={name[3:]}"
    )
    with spark_engine.session(), pytest.raises(ParameterError, match=message):
        there.open_in(spark_engine).__enter__()


def test_what_drops_the_last_is_told(spark_engine, tmp_path):
    write(table(50), tmp_path / "a.parquet")
    rules = Preprocessing(min_length=60)
    with pytest.raises(
        NoTransactionsError, match=r"preprocessing\.min_length=60, max_length=None drops the last"
    ):
        pipeline.run(experiment(both(tmp_path / "a.parquet")[1], spark_engine, rules))


@pytest.mark.parametrize(
    ("rules", "cure"),
    [
        ({"exclude_items": ["tea"]}, "exclude_items=[]."),
        ({"min_item_orders": 2}, "min_item_orders=1."),
        ({"min_order_items": 2}, "min_order_items=1."),
        ({"levels": "both"}, "levels=item."),
    ],
)
def test_what_spark_does_not_apply_is_refused(rules, cure):
    pytest.importorskip("pyspark", reason="needs PySpark")
    from recsys.spark.interactions import SparkInteractions

    ratings = SparkInteractions(frame=None, n_ratings=0, digest="")
    with (
        pytest.raises(ParameterError, match=rf"Set preprocessing\.{re.escape(cure)}$"),
        ratings.transactions(Preprocessing(**rules)),
    ):
        pass


def test_lengths_are_reported_before_longer_ones_are_mined(spark_engine, tmp_path):
    write(table(200), tmp_path / "a.parquet")
    here, there = both(tmp_path / "a.parquet")
    told = {here: [], there: []}
    asked = {"preprocessing": Preprocessing(likes="all"), "min_support": 0.3, "max_len": 3}
    for dataset, engine in [(here, BitsetEngine()), (there, spark_engine)]:
        heard = told[dataset]
        run = experiment(dataset, engine, **asked)
        pipeline.run(run, report=lambda *pair, heard=heard: heard.append(pair))
    assert told[here] == told[there]
    assert [length for _, length in told[here]] == [2]


def test_a_run_from_the_shell(spark_engine, call, tmp_path):
    rows = table(200)
    write(rows.rename_columns(["user_id", *rows.column_names[1:]]), tmp_path / "a.parquet")
    asked = ["dataset.path=a.parquet", "evaluation=none", "apriori.min_support=0.1", "apriori.max_len=2"]
    mine = ["dataset=spark", "engine=spark", *asked]
    assert call("dataset=parquet", *asked, "hydra.run.dir=here").code == 0
    outcome = call(*mine, "hydra.run.dir=there")
    assert outcome.code == 0, outcome.stderr
    assert (tmp_path / "there/rules.csv").read_text() == (tmp_path / "here/rules.csv").read_text()
    data = json.loads((tmp_path / "there/data.json").read_text())
    assert (data["dataset"], data["n_ratings"], data["itemsets_from"]) == ("a", rows.num_rows, "mined")
    n_itemsets = json.loads((tmp_path / "there/metrics.json").read_text())["n_itemsets"]
    small = f"apriori.max_itemsets={n_itemsets - 1}"
    outcome = call(*mine, "hydra.run.dir=small", "cache.enabled=false", small)
    assert outcome.code != 0
    assert f"{n_itemsets} of them are kept in {tmp_path}/small/itemsets." in outcome.stderr
    assert list((tmp_path / "small/itemsets").glob("part-*"))


def test_what_needs_the_ratings_here_is_refused():
    dataset = SparkDataset("ratings.parquet")
    with pytest.raises(
        ParameterError, match=r"dataset must be parquet or csv .*engine=spark evaluation=none"
    ):
        pipeline.learn(experiment(dataset, SparkEngine()))
    with pytest.raises(ParameterError, match=r"engine must be spark with dataset=spark\. Got 'BitsetEngine'"):
        pipeline.run(experiment(dataset, BitsetEngine()))
    held_out = experiment(dataset, SparkEngine(), evaluation=UserShare())
    with pytest.raises(ParameterError, match=r"evaluation must be none with dataset=spark.* Got 'UserShare'"):
        pipeline.run(held_out)


@pytest.mark.parametrize(
    ("parameter", "options"),
    [("format", {"format": "orc"}), ("feedback", {"feedback": "f.db"}), ("encoding", {"encoding": "utf-16"})],
)
def test_wrong_parameters_are_named(parameter, options):
    with pytest.raises(ParameterError) as caught:
        replace(SparkDataset("a", format="csv"), **options)
    assert caught.value.parameter == parameter
