"""The report of a sweep, made from the sweep's folder alone."""

import csv
import json
import re
import sys
from functools import partial
from pathlib import Path

import plotly.graph_objects as go
import pytest
import yaml
from matplotlib.image import imread
from omegaconf import OmegaConf

from optuna_sweeper.errors import SweepError
from recsys import Transactions, generate_rules, mine
from recsys.reporting.callbacks import CompareCallback, FinalCallback
from recsys.reporting.columns import Column, columns, importance
from recsys.reporting.figures import history, importances, parallel_coordinates, pareto_front, slices
from recsys.reporting.layout import LAYOUT
from recsys.reporting.report import write_report
from recsys.reporting.rule_figures import lift_caption
from recsys.runs.sweep import read_sweep
from recsys.runs.trials import Trial, read_trials
from recsys.tracking.mlflow_callback import MLflowCallback
from tests import programs

LAYOUT_OF_ALL = json.loads(re.sub(r"var\(--\w+\)", "#123456", json.dumps(LAYOUT)))
ITEMS = [f"Item {n}" for n in range(2, 9)]
TITLES = ["</script><i>0</i>", "Salt + pepper", *ITEMS, "Matrix, The (1999)", "Café"]
HEADER = ["number", "state", "params_x", "params_kind", "start", "end", "seconds", "job_dir", "fail_reason"]


def write_rules(job):
    """Write the rules of eleven items; the titles are those of `TITLES`."""
    baskets = [[n, 10] for n in range(10)] + [[1, 2, 10]] * 2 + [[3]]
    rules = generate_rules(mine(Transactions.from_lists(baskets), 0.01, 3), "lift", 0.0)
    rules.to_parquet(job / "rules.parquet")
    sides = [rules.source.flatten(side) for side in (rules.antecedents, rules.consequents)]
    with (job / "rules.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["antecedents", "consequents"])
        for row in range(len(rules)):
            parts = (items[offsets[row] : offsets[row + 1]].tolist() for offsets, items in sides)
            writer.writerow(" + ".join(TITLES[item] for item in part) for part in parts)


def make(folder, *, objectives=1, complete=12):
    """Write a sweep's folder as the sweeper and the jobs do."""
    metrics = ["max_lift", "n_rules"][:objectives]
    values = ["value"] if objectives == 1 else ["value_0", "value_1"]
    job = folder / "3"
    (job / ".hydra").mkdir(parents=True)
    (job / ".hydra/config.yaml").write_text(
        "apriori:\n  min_support: 0.1  # <b>\ndataset: {nouns: {item: film}}\n"
    )
    (job / ".hydra/overrides.yaml").write_text(yaml.safe_dump(["experiment=seed_sweep", "x=it's"]))
    write_rules(job)
    with (folder / "trials.csv").open("w") as file:
        writer = csv.DictWriter(file, HEADER + values)
        writer.writeheader()
        for number in range(complete):
            row = {"number": number, "state": "complete", "params_x": 10.0 ** -(number % 4)}
            row |= {"params_kind": "ab"[number % 2], "job_dir": job if number == 3 else ""}
            row |= dict(zip(values, [float(number % 4), float(-number)], strict=False))
            writer.writerow(row)
        failed = {"number": complete, "state": "fail", "params_x": 7, "fail_reason": "ValueError: <no>"}
        writer.writerow(failed)
    objective = {"metrics": metrics, "directions": ["maximize"] * objectives}
    overrides = {"task": ["experiment=seed_sweep"], "hydra": ["hydra.sweeper.n_trials=13"]}
    sweeper = {"params": {"x": "tag(log, interval(0.001, 1))", "kind": "choice(a, b)"}}
    config = {"objective": objective, "hydra": {"overrides": overrides, "sweeper": sweeper}}
    (folder / "multirun.yaml").write_text(yaml.safe_dump(config))
    if objectives == 1:
        results = {"best_trial": 3, "study_name": "the <study>"}
    else:
        results = {"solutions": [{"trial": 0}, {"trial": 3}]}
    (folder / "optimization_results.yaml").write_text(yaml.safe_dump(results))
    return folder


def test_the_sweep_again_is_a_study_of_its_own(tmp_path):
    folder = make(tmp_path)
    config = yaml.safe_load((folder / "multirun.yaml").read_text())
    config["hydra"]["overrides"]["hydra"] += ["hydra.sweeper.study_name=s-2026", "hydra.sweep.dir=there"]
    (folder / "multirun.yaml").write_text(yaml.safe_dump(config))
    again = "python -m recsys -m experiment=seed_sweep hydra.sweeper.n_trials=13"
    assert read_sweep(folder).command() == again


def test_infeasible_trials_are_not_the_best(tmp_path):
    folder = make(tmp_path)
    text = (folder / "trials.csv").read_text().splitlines()
    text = [text[0] + ",constraints_n_rules<=9", *(f"{row},{1 if row[0] == '3' else -1}" for row in text[1:])]
    (folder / "trials.csv").write_text("\n".join(text) + "\n")
    (folder / "optimization_results.yaml").unlink()
    sweep = read_sweep(folder)
    assert [trial.number for trial in sweep.trials if not trial.feasible] == [3]
    assert sweep.best is not None
    assert sweep.best.number == 7
    colours = history(sweep).data[0]["marker"]["color"]
    assert colours[3] != colours[2] == colours[7]
    assert (
        "1 of the complete trials miss a constraint and cannot be the best."
        in write_report(folder).read_text()
    )


def test_one_file_that_needs_no_network(tmp_path):
    html = write_report(make(tmp_path)).read_text()
    # Without Plotly's and Cytoscape's programs.
    page = re.sub(r"<script>.*?</script>", "", html, count=2, flags=re.DOTALL)
    assert len(page) < 200_000 < len(html)
    assert not re.search(r"""(src|href)=["']?(http|//)""", page)
    for title in ("Best trials", "Importance", "Slices", "Parallel coordinates", "Rules of trial 3"):
        assert title in page
    assert "Pareto" not in page
    assert "python -m recsys -m experiment=seed_sweep hydra.sweeper.n_trials=13" in page
    assert f"python -m recsys explore {tmp_path}" in page
    assert "12 complete and 1 failed" in page


@pytest.mark.parametrize("objectives", [1, 2])
def test_plotly_knows_every_attribute_of_the_figures(tmp_path, objectives):
    html = write_report(make(tmp_path, objectives=objectives)).read_text()
    texts = re.findall(r'<script type="application/json">(.*?)</script>', html)
    assert len(texts) == 3 * objectives + 2
    for text in texts:
        figure = json.loads(re.sub(r"var\(--\w+\)", "#123456", text))
        go.Figure({"data": figure["data"], "layout": LAYOUT_OF_ALL | figure["layout"]})  # refuses others


def test_text_from_outside_stays_text(tmp_path):
    html = write_report(make(tmp_path)).read_text()
    assert "Sweep the &lt;study&gt;" in html
    assert r"\u003c/script\u003e\u003ci\u003e0\u003c/i\u003e" in html
    assert TITLES[0] not in html
    assert "min_support: 0.1  # &lt;b&gt;" in html


def test_the_line_that_runs_the_best_trial(tmp_path):
    command = read_sweep(make(tmp_path)).best_command()
    assert command == """python -m recsys experiment=seed_sweep 'x=it'"'"'s' hydra.mode=RUN"""


def test_two_objectives_have_a_front(tmp_path):
    sweep = read_sweep(make(tmp_path, objectives=2))
    assert [trial.number for trial in sweep.front] == [0, 3]
    assert sweep.best.number == 3
    trials, front = pareto_front(sweep).data
    assert front["x"] == [0.0, 3.0]
    assert front["y"] == [0.0, -3.0]
    assert len(trials["x"]) == 12
    html = write_report(tmp_path).read_text()
    assert "2 trials are on the Pareto front" in html


def test_a_sweep_without_the_sweepers_word_has_a_front_too(tmp_path):
    make(tmp_path, objectives=2)
    (tmp_path / "optimization_results.yaml").unlink()
    # max_lift is the number modulo 4, n_rules its negative: after trial 3 nothing is better in either.
    assert [trial.number for trial in read_sweep(tmp_path).front] == [0, 1, 2, 3]


def test_the_figures_hold_the_trials(tmp_path):
    sweep = read_sweep(make(tmp_path))
    found = columns(sweep.complete, sweep.log_parameters)
    main = history(sweep)
    points, best, lost = main.data
    assert points["y"][:5] == [0.0, 1.0, 2.0, 3.0, 0.0]
    assert points["text"][1] == "trial 1<br>x = 0.1<br>kind = b"
    assert best["y"][:6] == [0.0, 1.0, 2.0, 3.0, 3.0, 3.0]
    assert lost["x"] == [12]
    assert (
        main.description == "max_lift of each trial. The best so far goes from 0 in trial 0 to 3 in trial 3."
    )
    number, kind = slices(sweep, found)
    axis = number.layout["xaxis"]
    assert (axis["type"], axis["ticktext"]) == ("log", ["0.001", "0.01", "0.1", "1"])
    assert kind.data[0]["x"][:3] == ["a", "b", "a"]
    (bars,) = importances(sweep, found).data
    assert dict(zip(bars["y"], bars["x"], strict=True))["x"] == 1.0
    (lines,) = parallel_coordinates(sweep, found).data
    assert [axis["label"] for axis in lines["dimensions"]] == ["max_lift", "x", "kind"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([2.1, 31.0], ["5", "10", "20"]),
        ([3.0, 3.5], ["3", "3.5"]),
        ([1e-12, 1.0], ["1e-12", "1e-09", "1e-06", "0.001", "1"]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_written_out(tmp_path, values, texts):
    sweep = read_sweep(make(tmp_path, complete=2))
    (slice_,) = slices(sweep, [Column("x", values, [], log=True)])
    axis = slice_.layout["xaxis"]
    assert axis["ticktext"] == texts
    assert [float(text) for text in texts] == pytest.approx(axis["tickvals"])


def test_long_values_leave_the_plots_their_room(tmp_path):
    sweep = read_sweep(make(tmp_path, complete=2))
    names = ["a" * 300 + "1", "a" * 300 + "2", "short"]
    column = Column("x", [0.0, 1.0], names, log=False)
    (slice_,) = slices(sweep, [column])
    texts = ["aaaaaaaaaa…aaaaaaaa1", "aaaaaaaaaa…aaaaaaaa2", "short"]
    assert slice_.layout["xaxis"]["ticktext"] == texts
    assert slice_.data[0]["x"] == slice_.layout["xaxis"]["tickvals"][:2] == names[:2]
    dimension = parallel_coordinates(sweep, [column]).data[0]["dimensions"][1]
    assert dimension["ticktext"] == texts


INTERVAL = {"value": 0.1, "low": 0.09, "high": 0.11}


def test_the_test_part_shows_no_interval_without_width(tmp_path):
    coverage = {"value": 0.0123, "low": 0.0123, "high": 0.0123}
    found = {"3": {"ndcg@10": INTERVAL, "coverage@10": coverage}}
    (make(tmp_path) / "test.json").write_text(json.dumps(found))
    html = write_report(tmp_path).read_text()
    assert "<td>0.1000 (0.0900 to 0.1100)</td>" in html
    assert "<td>0.0123</td>" in html


def test_slices_of_trials_that_miss_one_another(tmp_path):
    few = {"name": "users who bought 1 to 9 products", "n": 1200, "metric": "ndcg@10", "value": INTERVAL}
    many = few | {"name": "users who bought 10 to 29 products", "n": 7}
    found = {"3": [few], "5": [many]}
    (make(tmp_path) / "slices.json").write_text(json.dumps(found))
    html = write_report(tmp_path).read_text()
    assert ">By users and items</h2>" in html
    row = "<td>1,200</td><td>ndcg@10</td><td>0.1000 (0.0900 to 0.1100)</td><td></td>"
    assert row in re.sub(r"\s*\n\s*", "", html)


def test_a_comparison_comes_first_and_the_metrics_of_one_trial_do_not(tmp_path):
    (make(tmp_path) / "test.json").write_text(json.dumps({"3": {"ndcg@10": INTERVAL, "mrr@5": INTERVAL}}))
    compared = {"popularity": {"ndcg@10": INTERVAL}, "rules": {"ndcg@10": INTERVAL | {"value": 0.105}}}
    (tmp_path / "compare.json").write_text(json.dumps(compared))
    (tmp_path / "compare_differences.json").write_text(json.dumps({"rules": {"ndcg@10": INTERVAL}}))
    pair = {"first": "rules", "second": "popularity", "difference": INTERVAL, "p_value": 0.0004}
    pairs = {"metric": "ndcg@10", "pairs": [pair]}
    (tmp_path / "compare_pairs.json").write_text(json.dumps(pairs))
    html = write_report(tmp_path).read_text()
    titles = re.findall("<h2[^>]*>(.*?)</h2>", html)
    assert titles[:3] == ["Comparison by recommender on the test part", "All pairs", "Best trials"]
    assert "<td>&lt; 0.001</td>" in html
    assert "On the test part" not in titles
    assert "mrr@5" not in html
    first, second = (html.index(f"<th scope=row>{name}</th>") for name in ("rules", "popularity"))
    assert first < second
    assert "<td>+0.1000 (+0.0900 to +0.1100)</td>" in html


@pytest.mark.parametrize(
    ("points", "caption"),
    [
        (
            {0: (2.0, 0.3), 1: (4.0, 0.2), 2: (9.0, 0.1)},
            "The highest lift, 9, comes with ndcg@10 0.1000 at best, which 2 of the 3 trials surpass; the "
            "best ndcg@10, 0.3000, with a lift of 2. Spearman's rank correlation of the two is -1.00: a "
            "higher lift tends to go with a lower ndcg@10.",
        ),
        (
            {0: (2.0, 0.1), 1: (4.0, 0.3), 2: (4.0, 0.2)},
            "The highest lift, 4, comes with ndcg@10 0.3000 at best, which no trial surpasses. "
            "Spearman's rank correlation of the two is +0.87: a higher lift tends to go with a higher "
            "ndcg@10.",
        ),
        (
            {0: (1.0, 0.2), 1: (2.0, 0.1), 2: (1.0, 0.1), 3: (2.0, 0.2)},
            "Spearman's rank correlation of the two is +0.00: the lift says next to nothing about ndcg@10.",
        ),
        ({0: (5.5, 0.1), 1: (5.5, 0.2)}, "All 2 trials have the same highest lift, 5.5."),
        ({0: (5.5, 0.1), 1: (5.0, 0.1)}, "All 2 trials have the same ndcg@10, 0.1000."),
    ],
)
def test_the_caption_of_lift_and_lists_is_what_the_data_say(points, caption):
    assert lift_caption(points, "ndcg@10").endswith(caption)


@pytest.mark.parametrize("complete", [0, 1, 2])
def test_a_sweep_with_next_to_nothing(tmp_path, complete):
    html = write_report(make(tmp_path, complete=complete)).read_text()
    assert f"{complete + 1} trial" in html
    assert (tmp_path / "search.png").exists() == (complete > 0)


@pytest.mark.parametrize("objectives", [1, 2])
def test_a_picture_for_where_no_page_is_shown(tmp_path, objectives):
    write_report(make(tmp_path, objectives=objectives))
    height, width, _ = imread(tmp_path / "search.png").shape
    assert (width, height) == (975, 520)


def test_importance_tells_what_matters_from_what_does_not():
    values = [float(i) for i in range(60)]
    assert importance(Column("same", values, [], False), values) > 0.95
    assert importance(Column("turned", values[::-1], [], False), values) > 0.95
    # 0..59 in an order that has nothing to do with them
    assert importance(Column("noise", [float(i * 23 % 60) for i in range(60)], [], False), values) < 0.1
    assert importance(Column("one", [0.0] * 60, [], False), values) == 0.0
    assert importance(Column("x", values, [], False), [1.0] * 60) == 0.0


def test_columns_are_what_all_trials_have_and_not_the_same():
    def trial(number, **params):
        return Trial(number, "complete", (1.0,), params)

    found = columns([trial(0, a="1", b="x", c="1"), trial(1, a="2", b="x"), trial(2, a="nan", b="x")])
    assert [(column.name, column.categories) for column in found] == [("a", ["1", "2", "nan"])]


def test_a_plain_multirun_is_read_from_its_folders(tmp_path):
    for number, metrics in (("0", '{"max_lift": 2.0}'), ("1", None), ("10", '{"max_lift": 3.0}')):
        job = tmp_path / number
        (job / ".hydra").mkdir(parents=True)
        (job / ".hydra/overrides.yaml").write_text(f"- apriori.min_support=0.{number}\n- +extra=a\n")
        if metrics:
            (job / "metrics.json").write_text(metrics)
    trials = read_trials(tmp_path, ("max_lift",))
    assert [(trial.number, trial.state, trial.values) for trial in trials] == [
        (0, "complete", (2.0,)), (1, "fail", ()), (10, "complete", (3.0,))
    ]  # fmt: skip
    assert trials[0].params == {"apriori.min_support": "0.0", "extra": "a"}


def test_processes_that_end_together_in_one_folder(tmp_path, monkeypatch):
    """The second comes to its end while the first puts its report in place."""
    folder, replace, others = make(tmp_path), Path.replace, []

    def replace_later(path, target):
        if not others:
            others.append(path)
            write_report(folder)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace_later)
    path = write_report(folder)
    assert others
    assert path.read_text().endswith("</html>\n")
    assert not [left.name for left in folder.iterdir() if left.name.startswith((".report", "report.html."))]


def test_the_program(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "recsys", "report"]
    done = programs.run([*command, make(tmp_path / "s")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/s/report.html\n"), done.stderr
    done = programs.run([*command, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path} is not the folder of a sweep: there is no multirun.yaml.\n"


def test_a_sweep_leaves_it(call, tmp_path):
    outcome = call("-m", "apriori.min_support=0.3,0.2", "hydra.sweep.dir=sweep")
    assert outcome.code == 0
    assert f"Report: {tmp_path}/sweep/report.html" in outcome.stdout
    assert "Rules of trial 1" in (tmp_path / "sweep/report.html").read_text()


@pytest.mark.parametrize(
    ("called", "hook"),
    [
        ("recsys.reporting.report.write_report", "_write"),
        ("recsys.reporting.callbacks.exit_handlers.register", "on_multirun_start"),
        ("recsys.reporting.callbacks.exit_handlers.unregister", "on_multirun_end"),
    ],
)
def test_a_report_that_cannot_be_made_is_told(call, monkeypatch, tmp_path, called, hook):
    def broken(*args):
        raise RuntimeError("no ink")

    monkeypatch.setattr(called, broken)
    outcome = call("-m", "apriori.min_support=0.3,0.4", "hydra.sweep.dir=sweep")
    assert outcome.code == 0
    assert (tmp_path / "sweep/1/metrics.json").exists()
    told = outcome.stdout + outcome.stderr
    assert f"ReportCallback.{hook} failed; the run goes on" in told
    assert "RuntimeError: no ink" in told


@pytest.mark.parametrize(
    ("callback", "method"),
    [(FinalCallback, "_measure"), (CompareCallback, "_measure"), (MLflowCallback, "_close")],
)
def test_the_end_of_a_sweep_that_failed_is_no_end(monkeypatch, callback, method):
    # Hydra 1.4 calls `on_multirun_end` while the error of the sweep is on its way, too.
    calls = []
    monkeypatch.setattr(callback, method, lambda *args: calls.append(args))
    made = partial(callback, "sqlite://", "x") if callback is MLflowCallback else callback
    config = OmegaConf.create({"hydra": {"sweep": {"dir": "."}}})
    try:
        raise SweepError("refused")
    except SweepError:
        made().on_multirun_end(config)
    assert not calls
    made().on_multirun_end(config)
    assert len(calls) == 1
