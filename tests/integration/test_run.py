"""Single runs and plain multiruns, as a user types them."""

import csv
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest


def metrics_in(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_seed_table1_on_the_bundled_ratings(call, tmp_path):
    outcome = call("experiment=seed_table1", "hydra.run.dir=out")
    assert outcome.code == 0, outcome.stderr
    metrics = metrics_in(tmp_path / "out")
    assert metrics["n_transactions"] == 671
    assert metrics["n_rules"] == 354_960
    assert metrics["max_lift"] == 55.916666666666664


def test_mlxtend_finds_the_same_in_the_popular_films_of_table1(call, tmp_path):
    """All films would take mlxtend ten seconds."""
    found = []
    for engine in ("bitset", "mlxtend"):
        few = ("preprocessing.min_movie_ratings=40", "cache.enabled=false")
        outcome = call("experiment=seed_table1", f"engine={engine}", *few, "hydra.run.dir=out")
        assert outcome.code == 0, outcome.stderr
        metrics = metrics_in(tmp_path / "out")
        found.append({key: metrics[key] for key in metrics if "seconds" not in key})
        assert metrics["n_rules"] > 50_000
    assert found[0] == found[1]


@pytest.mark.skipif(
    not Path(os.environ.get("RECSYS_DATA_DIR", ""), "ml-latest-small/ratings.csv").exists(),
    reason="needs ml-latest-small in $RECSYS_DATA_DIR, which the project may not bundle",
)
def test_seed_table1_on_the_seeds_ratings(call, tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA_DIR", str(Path(os.environ["RECSYS_DATA_DIR"]).resolve()))
    outcome = call("experiment=seed_table1", "dataset=ml_latest_small", "hydra.run.dir=out")
    assert outcome.code == 0, outcome.stderr
    metrics = metrics_in(tmp_path / "out")
    assert metrics["n_transactions"] == 609
    assert metrics["n_itemsets"] == 215_433
    assert metrics["n_rules"] == 427_088
    assert metrics["max_lift"] == 53.2875


def test_all_engines_agree(call, tmp_path):
    found = []
    for engine in ("bitset", "mlxtend", "fpgrowth"):
        outcome = call(
            f"engine={engine}", "apriori.min_support=0.1", "apriori.max_len=null", "hydra.run.dir=out"
        )
        assert outcome.code == 0, outcome.stderr
        metrics = metrics_in(tmp_path / "out")
        rules = pq.read_table(tmp_path / "out/rules.parquet")
        found.append(({key: metrics[key] for key in metrics if "seconds" not in key}, rules))
    assert found[0] == found[1] == found[2]


def test_what_a_run_leaves(call, tmp_path):
    outcome = call("hydra.run.dir=out", "output.max_rules=10")
    assert outcome.code == 0, outcome.stderr
    folder = tmp_path / "out"
    metrics = metrics_in(folder)
    assert all(isinstance(value, (int, float)) for value in metrics.values())
    assert {"seconds_load", "seconds_mine", "seconds_generate_rules"} <= set(metrics)
    data = json.loads((folder / "data.json").read_text())
    assert data["dataset"] == "ml-latest-small-2016"
    assert data["n_ratings"] == 100_004
    assert len(data["ratings_digest"]) == len(data["transactions_digest"]) == 64
    rules = pq.read_table(folder / "rules.parquet")
    with (folder / "rules.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(row["lift"]) for row in table] == rules["lift"].to_pylist()
    assert all(row["antecedents"] and not row["antecedents"].isdigit() for row in table)
    assert rules.num_rows == 10
    lift = rules.column("lift").to_pylist()
    assert lift[0] == metrics["max_lift"]
    assert lift == sorted(lift, reverse=True)
    assert (folder / ".hydra" / "config.yaml").exists()
    assert " -> " in outcome.stdout  # the best rules, by title


def test_all_rules_on_request(call, tmp_path):
    assert call("hydra.run.dir=out", "output.max_rules=null").code == 0
    assert (
        pq.read_metadata(tmp_path / "out/rules.parquet").num_rows == metrics_in(tmp_path / "out")["n_rules"]
    )


def test_a_support_at_which_nothing_is_frequent_is_a_valid_run(call, tmp_path):
    outcome = call("hydra.run.dir=out", "apriori.min_support=1")
    assert outcome.code == 0, outcome.stderr
    metrics = metrics_in(tmp_path / "out")
    assert (metrics["n_itemsets"], metrics["n_rules"], metrics["max_lift"]) == (0, 0, 0.0)
    assert pq.read_metadata(tmp_path / "out/rules.parquet").num_rows == 0


def test_the_basic_sweeper(call, tmp_path):
    outcome = call("-m", "apriori.min_support=0.1,0.2", "hydra.sweep.dir=sweep")
    assert outcome.code == 0, outcome.stderr
    assert metrics_in(tmp_path / "sweep/0")["n_rules"] > metrics_in(tmp_path / "sweep/1")["n_rules"] > 0


def test_baskets_of_ones_own(call, tmp_path):
    lines = ["basket,article", "1,bread", "1,milk", "2,bread", "2,milk", "3,bread", "3,eggs"]
    (tmp_path / "baskets.csv").write_text("\n".join(lines) + "\n")
    outcome = call(
        "dataset=csv", "dataset.path=baskets.csv",
        "evaluation=none", "dataset.layout=baskets", "preprocessing=all",
        "dataset.columns.user_id=basket", "dataset.columns.item_id=article",
        "apriori.min_support=0.5", "apriori.min_threshold=0", "hydra.run.dir=out",
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    metrics = metrics_in(tmp_path / "out")
    assert (metrics["n_transactions"], metrics["n_itemsets"], metrics["n_rules"]) == (3, 3, 2)


def test_ratings_of_ones_own_with_other_column_names(call, tmp_path):
    lines = ["who;what;stars", "a;x;5", "a;y;4", "b;x;5", "b;y;1"]
    (tmp_path / "stars.csv").write_text("\n".join(lines) + "\n")
    outcome = call(
        "dataset=csv", "dataset.path=stars.csv", "dataset.separator=';'", "dataset.columns.user_id=who",
        "dataset.columns.item_id=what", "dataset.columns.rating=stars", "dataset.columns.timestamp=null",
        "evaluation=none",
        "hydra.run.dir=out",
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    assert metrics_in(tmp_path / "out")["n_transactions"] == 2
