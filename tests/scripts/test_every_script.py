"""Every program under scripts/ runs, here on tiny data, so that none can rot."""

from __future__ import annotations

import csv
import json
import re
import signal
from collections import Counter
from contextlib import nullcontext, redirect_stdout
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numba
import pytest
import yaml
from hydra import compose, initialize_config_dir

from recsys import kernel  # noqa: F401 - keeps the compiler that it was imported with
from recsys.data import Interactions
from recsys.datasets import MovieLens, Quest
from tests import programs
from tests.conftest import ROOT
from tests.models.problems import bundle_of

SCRIPTS = ROOT / "scripts"


@pytest.fixture
def script(monkeypatch):
    """Import one of the programs; none of them changes this process for good."""
    monkeypatch.syspath_prepend(SCRIPTS)
    before = signal.getsignal(signal.SIGTERM)
    yield import_module
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def benchmark(script, tmp_path):
    """Run a command of benchmark.py; return its figures."""

    def run(*arguments):
        path = tmp_path / "figures.json"
        script("benchmark").main([*arguments, "--json", str(path)])
        return json.loads(path.read_text("utf-8"))

    return run


@pytest.fixture
def composed(script, monkeypatch):
    """Compose what the programs call, and run none of it: other tests make models and registries."""
    called = []

    def call(command, folder, environment):
        module, *arguments = command
        called.append("recsys registry" if arguments[0] == "registry" else module)
        if called[-1] == "recsys":
            with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
                overrides = [text for text in arguments if not text.startswith("hydra.")]
                assert compose("config", overrides).recommender

    for name in ("benchmark_serve", "swap_under_load"):
        monkeypatch.setattr(script(name), "call", call)
    return called


@pytest.fixture
def tiny_ratings(monkeypatch):
    """Stand in for the bundled ratings: what the first users rated."""
    ratings = MovieLens("ml-latest-small-2016").load()
    few = ratings.user_id <= 40
    columns = (ratings.user_id, ratings.item_id, ratings.rating, ratings.timestamp)
    small = Interactions(*(column[few] for column in columns), ratings.items, ratings.name)
    monkeypatch.setattr(MovieLens, "load", lambda self: small)


def printed(program, *arguments):
    """Call a function; return what it prints, which the programs otherwise read from a process."""
    with redirect_stdout(StringIO()) as out:
        program(*arguments)
    return out.getvalue()


def test_every_script_is_named_by_a_test():
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    parts = "\n".join(path.read_text("utf-8") for path in SCRIPTS.glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", parts, re.MULTILINE))
    names = {path.stem for path in SCRIPTS.glob("*.py")} - imported
    unnamed = {name for name in names if not re.search(rf"\b{name}\b", tests)}
    assert not unnamed, "run each of them once, on tiny data: in tests/scripts/test_every_script.py"


def test_benchmark_sweep(benchmark):
    figures = benchmark(
        "sweep", "--trials", "1", "--rounds", "1", "--no-seed-sweep", "--ways", "this sweeper, tracking off"
    )
    assert figures["empty_trial"]["this sweeper, tracking off"]["ms"] > 0


def test_benchmark_start(benchmark, script, monkeypatch, capsys):
    start = script("benchmark_start")
    run, called = start.run, []

    def call(command, folder, environment):
        called.append(command[0])
        if command[0] == "git":  # the clone
            Path(command[-1]).mkdir()
            Path(command[-1], "Makefile").write_text("setup:\n\t@true\n\t@echo \\\n\ttwo\n")
        else:
            run(command, folder, environment)

    monkeypatch.setattr(start, "run", call)
    figures = benchmark("start", "--rounds", "1", "--commands", "python", "--first-use", "--targets", "setup")
    assert figures["commands"]["python"][0] > 0
    assert [stage[:2] for stage in figures["first_use"]] == [
        ["setup", "true"],
        ["setup", "echo \\ two"],
        ["setup", "in all"],
    ]
    assert called[1:] == ["git", "make"]
    assert "| setup | in all |" in capsys.readouterr().out


def test_benchmark_storage(benchmark, script, monkeypatch, capsys):
    storage = script("benchmark_storage")

    def run(case):  # each trial takes 2 ms, and later ones 4
        seconds = [0.0, 0.002, 0.004, 0.008]
        return [[second, second / 2, 30 * number, 10 * number] for number, second in enumerate(seconds)]

    monkeypatch.setattr(storage.Case, "run", run)
    figures = benchmark("storage", "--trials", "3", "--block", "2", "--storages", "sqlite", "--alone")
    assert [row["program"] for row in figures["storage"]] == ["sweeper", "Optuna alone"]
    assert figures["storage"][0]["ms_by_block"] == [2.0, 4.0]
    assert "| sweeper | tpe | sqlite | 2.67 | 1.33 | 30.0 | 10.0 | 2.0 4.0 |" in capsys.readouterr().out


def test_benchmark_storage_of_a_sweep(script, monkeypatch):
    storage = script("benchmark_storage")
    monkeypatch.setattr(storage, "subprocess", SimpleNamespace(run=programs.run))
    times = storage.Case("sweeper", "random", "sqlite", n_trials=2).run()
    assert [len(row) for row in times] == [4, 4, 4]
    assert times[0][2] < times[-1][2]  # statements


def test_benchmark_mining_of_a_file(benchmark, tmp_path, capsys):
    (tmp_path / "tiny.dat").write_text("1 2 3\n1 2\n2 3 4\n")
    figures = benchmark(
        "mining", "--fimi", str(tmp_path / "tiny.dat"), "--min-support", "0.6", "--rounds", "2"
    )
    case = figures["cases"]["tiny.dat 0.6"]
    assert (case["n_transactions"], case["n_itemsets"]) == (3, 5)
    assert "mlxtend fpgrowth" in case["seconds"]
    assert "| tiny.dat 0.6 | 5 |" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_ratings")
def test_benchmark_mining_of_its_own_data(script, monkeypatch):
    mining = script("benchmark_mining")
    monkeypatch.setattr(mining, "Quest", lambda **_: Quest(n_transactions=20, n_items=30, n_patterns=5))
    for name in ("like_chess", "like_mushroom"):
        monkeypatch.setattr(mining, name, partial(getattr(mining, name), 60, 12))
    monkeypatch.setattr(mining, "retail_baskets", partial(mining.retail_baskets, 1e-6))
    cases = list(mining.cases_of(SimpleNamespace(fimi=[])))
    assert [case.name for case in cases][-5:] == [
        "like chess 0.5",
        "like mushroom 0.05",
        "like T10I4D100K 0.001",
        "like retail 0.001",
        "like retail 0.0003",
    ]
    assert all(len(case.transactions) for case in cases)


@pytest.mark.usefixtures("tiny_ratings")
def test_benchmark_growth(benchmark, script, monkeypatch):
    mining = script("benchmark_mining")
    monkeypatch.setattr(mining, "output_of", lambda program: printed(exec, program, {}))
    monkeypatch.setattr(mining.os, "sched_getaffinity", lambda _: {0, 1})
    chess = mining.like_chess
    monkeypatch.setattr(mining, "like_chess", lambda: chess(200, 12))
    # Compiling takes seconds, and so does collecting the garbage of all tests, thirty times.
    monkeypatch.setattr(numba, "njit", lambda function: function)
    monkeypatch.setattr(mining.gc, "collect", lambda: 0)
    figures = benchmark("growth", "--n-users", "30", "--supports", "0.3", "--words", "1")
    assert [row["n_threads"] for row in figures["growth"]] == [2, 1]
    assert all(row["n_itemsets"] > 0 for row in figures["growth"])


@pytest.mark.usefixtures("tiny_ratings", "spark_engine")  # skips where there is no Spark
def test_benchmark_scale(benchmark, script, monkeypatch):
    scale = script("benchmark_scale")

    def in_this_process(function, *arguments):
        return json.loads(printed(getattr(scale, function), *arguments).splitlines()[-1])

    monkeypatch.setattr(scale, "in_a_process", in_this_process)
    (row,) = benchmark("scale", "--n-ratings", "400", "--min-support", "0.9", "--max-len", "1")["scale"]
    assert len({row[way]["digest"] for way in scale.WAYS}) == 1
    assert row["spark"]["n_itemsets"] == row["bitset"]["n_itemsets"]


def test_benchmark_serve(benchmark, script, composed, monkeypatch, tmp_path):
    bundle_of("rules").save(tmp_path / "bundle")
    monkeypatch.setattr(script("benchmark_serve"), "MODEL", str(tmp_path / "bundle"))
    rows = benchmark("serve", "--histories", "2", "--rate", "20", "--seconds", "0.1", "--no-mlflow")["rows"]
    assert {row["failed"] for row in rows.values()} == {0}
    assert len(rows) == 4
    assert composed == ["recsys", "recsys registry"]


@pytest.mark.usefixtures("tiny_ratings")
def test_benchmark_lists(benchmark, capsys):
    figures = benchmark("lists", "--min-count", "8", "--rounds", "1")
    learned, jaccard = figures["rows"]["learned"], figures["rows"]["jaccard"]
    assert 0 < learned["rules_used"] <= jaccard["rules_used"] == figures["rules"]
    assert all(0 < row["p50_ms"] <= row["p99_ms"] <= row["max_ms"] for row in (learned, jaccard))
    assert "| weight=learned | " in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_ratings")
def test_benchmark_explorer(benchmark, capsys):
    rows = benchmark("explorer", "--min-support", "0.2", "--rounds", "2")["rows"]
    assert list(rows) == ["all, by lift", "bounds of two measures", "one item"]
    assert all(row["ms"] > 0 and row["ratio"] > 0 for row in rows.values())
    assert "| one item | " in capsys.readouterr().out


def test_benchmark_table(benchmark, script, monkeypatch, capsys):
    """Its figures, measured in this process."""
    module = script("benchmark_table")

    def run(program, **options):
        return SimpleNamespace(returncode=0, stdout=json.dumps(module.write_or_measure(*program[2:])))

    monkeypatch.setattr(module, "subprocess", SimpleNamespace(run=run))
    rows = benchmark("table", "--n-lines", "100", "--n-retail", "400", "--min-support", "0.2")["rows"]
    assert rows["orders"]["n_transactions"] == 10
    assert 0 < rows["retail"]["n_transactions"] <= 20
    assert rows["retail"]["n_itemsets"] >= 0
    assert "| retail | " in capsys.readouterr().out


def test_benchmark_workers(benchmark, script, monkeypatch, capsys):
    """Its figures; test_benchmark_workers.py starts PostgreSQL and workers."""
    workers, start = script("benchmark_workers"), datetime(2026, 1, 1)
    trials = [
        SimpleNamespace(user_attrs={"worker": who}, datetime_start=start, datetime_complete=start + later)
        for who, later in (("a", timedelta(seconds=1)), ("b", timedelta(seconds=2)))
    ]
    counts = {"processor_ms": 6.0, "statements": 20, "transactions": 4}
    monkeypatch.setattr(workers, "postgresql_server", lambda: nullcontext("postgresql:///{}".format))
    monkeypatch.setattr(workers, "run_workers", lambda n_workers, *_: [counts] * n_workers)
    monkeypatch.setattr(workers, "trials_of", lambda url, n_trials: trials)
    figures = benchmark("workers", "--workers", "2", "--trials", "2", "--work", "0", "--record", "0")
    of_journal, of_postgresql = figures["workers"]
    assert (of_journal["storage"], of_postgresql["storage"]) == ("journal", "PostgreSQL")
    assert (of_postgresql["trials_a_second"], of_postgresql["statements"]) == (1.0, 20.0)
    assert "| PostgreSQL | 2 | 0.0 | 2 | 1.0 |" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny_ratings")
def test_benchmark_frequent_patterns(script, capsys):
    script("benchmark_frequent_patterns").main(["0.4"])
    table = capsys.readouterr().out
    assert table.count("| apriori |") == table.count("| fpmax |") == 2
    assert "| association_rules | confidence >= 0.8 |" in table


@pytest.mark.usefixtures("tiny_ratings")
def test_benchmark_rules(script, capsys):
    edition = ["--edition", "ml-latest-small-2016"]
    script("benchmark_rules").main([*edition, "--min-support", "0.4", "0.4", "--rounds", "2"])
    assert "| pairs at 0.4 |" in capsys.readouterr().out


def test_draw_lift_and_ndcg(script, tmp_path):
    with (tmp_path / "trials.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "state", "value", "params_recommender.weight", "job_dir"])
        for number, weight in enumerate(["lift", "jaccard", "lift"]):
            job = tmp_path / str(number)
            job.mkdir()
            metrics = {"max_lift": 2.0 + number, "ndcg@10": 0.1 * number}
            (job / "metrics.json").write_text(json.dumps(metrics))
            writer.writerow([number, "complete", 1.0, weight, job])
    objective = {"metrics": ["ndcg@10"], "directions": ["maximize"]}
    (tmp_path / "multirun.yaml").write_text(yaml.safe_dump({"objective": objective}))
    picture = tmp_path / "picture.png"
    script("draw_lift_and_ndcg").main([str(tmp_path), str(picture)])
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_kill_during_feedback(script, composed, monkeypatch, capsys):
    """Its command line; tests/serving/test_kill.py kills services."""
    kill = script("kill_during_feedback")
    outcome = kill.Outcome(kills=1, acknowledged=["a"], kept=Counter(["a"]))
    monkeypatch.setattr(kill, "kill", lambda bundle, feedback, kills: outcome)
    monkeypatch.setattr("recsys.models.training.load_or_fit", lambda folder: bundle_of("popularity"))
    kill.main(["--kills", "1"])
    assert "the database has 1." in capsys.readouterr().out
    outcome.kept["a"] = 2
    with pytest.raises(SystemExit, match="not hold exactly"):
        kill.main(["--kills", "1"])
    assert composed == ["recsys"] * 2


def test_swap_under_load(script, composed, monkeypatch, capsys):
    """Its command line; tests/serving/test_from_the_shell.py swaps versions."""
    swap = script("swap_under_load")
    load = swap.Load(milliseconds=[1.0, 2.0], seconds=1.0)
    answered, promoted = Counter({"1": 1, "2": 1, "3": 1}), ["2", "3", "1"]
    outcome = swap.Outcome(load, broken="4", answered_by=answered, promoted=promoted, failure="damaged")
    monkeypatch.setattr(swap, "swap", lambda folder, n_requests: outcome)
    swap.main(["--requests", "2"])
    assert "Version 4 did not: damaged" in capsys.readouterr().out
    assert composed == ["recsys", "recsys registry"]
    load.failed.append("500")
    with pytest.raises(SystemExit, match="wrong versions"):
        swap.main(["--requests", "2"])


def test_reproduce_says_which_half_was_not_checked(script, monkeypatch, call):
    reproduce = script("reproduce")

    def offline(command, **_):
        overrides = command[command.index("recsys") + 1 :]
        if "dataset=ml_latest_small" in overrides:
            return SimpleNamespace(returncode=1, stderr="No data for 'ml-latest-small'.\n")
        outcome = call(*overrides)
        return SimpleNamespace(returncode=outcome.code, stderr=outcome.stderr)

    monkeypatch.setattr(reproduce.subprocess, "run", offline)
    lines = [line for line in printed(reproduce.main, []).splitlines() if not line.startswith("[")]
    first, second, *last = lines
    assert "n_rules 354,960" in first
    assert second == "ml_latest_small bitset: not run. No data for 'ml-latest-small'."
    assert last == [
        "Checked: the bundled edition of 2016, whose numbers are those of mlxtend.",
        "NOT CHECKED: the report's own Table 1 (609 transactions, 427,088 rules, best lift 53.2875).",
        "To check it, run this again with a network, or with RECSYS_DATA_DIR=FOLDER where "
        "FOLDER/ml-latest-small holds ratings.csv.",
    ]


def test_reproduce_fails_where_a_number_differs(script, monkeypatch, capsys):
    reproduce = script("reproduce")
    metrics = reproduce.EXPECTED["ml_latest_small"] | {"seconds_mine": 0.1}
    monkeypatch.setattr(reproduce, "run", lambda dataset, engine: metrics)
    assert reproduce.main([]) == 1
    assert "EXPECTED {'n_transactions': 671" in capsys.readouterr().out


def test_make_shop(script, tmp_path):
    path = tmp_path / "shop.csv"
    said = printed(script("make_shop").main, [str(path), "--customers", "5", "--orders", "9"])
    header, *rows = csv.reader(path.read_text("utf-8").splitlines())
    assert said == f"{path}: {len(rows)} rows, 9 receipts of 5 customers\n"
    assert {row[0] for row in rows} == {str(number) for number in range(1, 10)}
    assert header[:4] == ["Receipt", "Date", "Customer", "Product"]
    assert all(re.fullmatch(r"2025-\d\d-\d\d", row[1]) and float(row[8]) < float(row[7]) for row in rows)


def test_next_basket_reality_check(script, tmp_path, capsys):
    # Customers who buy the same two items each time, and one more of ten.
    lines = [(u, n, i) for u in range(20) for n in range(4) for i in (u % 5, 5 + u % 3, 10 + (u + n) % 10)]
    orders = tmp_path / "orders.csv"
    orders.write_text("customer,number,item\n" + "".join(f"{u},{n},{i}\n" for u, n, i in lines))
    script("next_basket_reality_check").main([str(orders), "--splits", "2"])
    rows = [line.strip("|").split("|") for line in capsys.readouterr().out.splitlines()]
    recall, share = ({row[0].strip(): row[column].strip() for row in rows[2:]} for column in (1, 5))
    assert recall.keys() >= {"P-TopFreq", "GP-TopFreq", "UP-CF", "UP-CF, ties as theirs", "TIFUKNN"}
    assert float(recall["P-TopFreq"]) == pytest.approx(2 / 3, abs=1e-4)
    assert (float(share["P-TopFreq"]), float(share["GP-TopFreq"])) == (1, 0.5)
    assert recall["TIFUKNN, code"] == "0.1226"


def test_measure_popularity_penalty(script, capsys):
    tiny = ["recommender=item_knn", "apriori.min_support=0.5", "preprocessing.min_movie_ratings=100"]
    script("measure_popularity_penalty").main(tiny)
    header, _, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("| penalty | ndcg@10 |")
    novelty = [float(row.split("|")[4]) for row in rows]
    assert len(novelty) == 8
    assert novelty == sorted(novelty)
