"""`recsys.sweep`: Hydra's sweeps and those of Optuna, as objects."""

import os
import re
import signal
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

import recsys
from optuna_sweeper.results import notebook_bar
from recsys.cli import report
from recsys.errors import DataNotFoundError, RecsysError
from recsys.interactive import sweeps
from tests.integration.cures import tries
from tests.interactive.conftest import DATA

SEARCH = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1")
SPACE = ("apriori.min_support=interval(0.1,0.3)", "apriori.metric=choice(lift,confidence)")
REPORTED = "hydra/callbacks=untracked"  # with the report


@pytest.fixture
def displays(monkeypatch) -> Iterator[list[str]]:
    """Pretend to be a notebook, and return what its display has shown."""
    shown: list[str] = []

    def display(bar, display_id):
        shown.append(bar._repr_html_())
        return SimpleNamespace(update=lambda bar: shown.append(bar._repr_html_()))

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(notebook_bar, "in_notebook", lambda: True)
    return shown


@tries("recsys/interactive/sweeps.py", "To write it")
def test_values_are_swept_and_the_best_trial_is_a_run(folder, capsys):
    swept = recsys.sweep(*DATA, "apriori.min_support=0.3,0.2", REPORTED)
    assert swept.folder.parent.parent == folder / "multirun"
    assert swept.trials["apriori.min_support"].tolist() == [0.3, 0.2]
    assert swept.trials["max_lift"].tolist() == [0.0, pytest.approx(1.2)]
    assert swept.trials["state"].tolist() == ["complete", "complete"]
    assert list(swept.trials.columns) == ["state", "max_lift", "apriori.min_support"]
    assert swept.best.folder == swept.folder / "1"
    assert swept.best.config.apriori.min_support == 0.2
    assert swept.best.recommend([1, 4], k=1).titles == ["<b>Film</b> 2"]
    assert swept.report.read_text().startswith("<!DOCTYPE html>")
    assert set(swept.test["metric"]) >= {"ndcg@10", "recall@10"}
    assert "best trial 1, max_lift=1.2" in repr(swept)
    html = swept._repr_html_()
    assert html.index("<td style='text-align:left'>1</td>") < html.index("<td style='text-align:left'>0</td>")
    lines = capsys.readouterr().out.splitlines()
    assert "Trial 1: 1.2; apriori.min_support=0.2" in lines
    assert not any("transactions" in line for line in lines)  # of the jobs
    assert "transactions" in (swept.folder / "1/recsys.log").read_text()
    swept.report.unlink()
    with pytest.raises(DataNotFoundError, match="To write it: python -m recsys report") as caught:
        swept.report  # noqa: B018
    assert report.main([str(caught.value).split()[-1]]) == 0
    assert swept.report.exists()


def test_optuna_searches_with_a_bar_in_the_notebook(folder, displays, capsys):
    swept = recsys.sweep(*DATA, *SEARCH, *SPACE, folder="first")
    assert len(swept.trials) == 2
    assert len(displays) == 4
    assert displays[-1].startswith("<progress value='2' max='2'")
    assert "best: " in displays[-1]
    lines = capsys.readouterr().out
    assert "Best trials" in lines
    assert "Trial 0:" not in lines  # the bar shows the best
    study = f"hydra.sweeper.study_name={swept._stored.results['study_name']}"
    more = ("hydra.sweeper.n_trials=3", "hydra.sweeper.progress_bar=false")
    more = recsys.sweep(*DATA, *SEARCH, *SPACE, study, *more, folder="first")
    assert len(more.trials) == 3
    assert "Trial 2:" in capsys.readouterr().out
    done = recsys.sweep(*DATA, *SEARCH, *SPACE, study, folder="first")  # of which nothing is left to run
    assert done.trials.equals(more.trials)


def test_ctrl_c_ends_the_sweep_after_the_running_trial(folder, monkeypatch):
    run = sweeps.run_for_objective

    def interrupted(cfg):
        os.kill(os.getpid(), signal.SIGINT)
        return run(cfg)

    monkeypatch.setattr(sweeps, "run_for_objective", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"recsys\.Sweep\('first'\) has the trials"):
        recsys.sweep(*DATA, *SEARCH, *SPACE, REPORTED, folder="first")
    swept = recsys.Sweep("first")
    assert len(swept.trials) == 1
    assert swept.report.exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_ctrl_c_ends_it_at_once_with_its_report(folder, monkeypatch):
    def interrupted(cfg):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "run_for_objective", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recsys.sweep(*DATA, *SEARCH, *SPACE, REPORTED, folder="first")
    assert recsys.Sweep("first").report.exists()


def test_what_a_callback_could_not_do_is_an_error_and_the_results_stay(folder, monkeypatch):
    def broken(*args):
        raise RuntimeError("no ink")

    monkeypatch.setattr("recsys.reporting.final.measure_on_test", broken)
    with pytest.raises(RecsysError, match=r"as the lines above say\. recsys\.Sweep\('first'\) has"):
        recsys.sweep(*DATA, "apriori.min_support=0.2,0.3", REPORTED, folder="first")
    assert len(recsys.Sweep("first").trials) == 2


def test_sigterm_ends_the_program(folder, monkeypatch):
    def terminated(cfg):
        raise SystemExit(128 + signal.SIGTERM)

    monkeypatch.setattr(sweeps, "run_for_objective", terminated)
    with pytest.raises(SystemExit, match="143"):
        recsys.sweep(*DATA, "apriori.min_support=0.2,0.3")


@tries("recsys/interactive/hydra_calls.py", "For a sweep call")
def test_errors_say_what_to_change(folder):
    with pytest.raises(RecsysError, match=re.escape("For a sweep call recsys.sweep(...)")):
        recsys.run(*DATA, "-m", "apriori.min_support=0.2,0.3")
    assert len(recsys.sweep(*DATA, "apriori.min_support=0.2,0.3").trials) == 2
    with pytest.raises(RecsysError, match=r"^apriori.min_support must be a number in \(0, 1\]. Got 2"):
        recsys.sweep(*DATA, "apriori.min_support=2,3")
    with pytest.raises(RecsysError, match=r"hydra\.sweeper\.n_trials"):
        recsys.sweep(*DATA, *SEARCH, *SPACE, "hydra.sweeper.n_trials=0")
    with pytest.raises(DataNotFoundError, match="is not the folder of a sweep"):
        recsys.Sweep(folder)


def test_the_time_left_is_estimated():
    clock = iter([0.0, 0.0, 60.0, 4000.0])
    bar = notebook_bar.NotebookBar(10, 2, lambda: next(clock))
    bar._start = next(clock)
    assert repr(bar) == "2 of 10 trials, 0:00"
    bar._done = 4
    assert repr(bar) == "4 of 10 trials, 1:00, about 3:00 left"
    bar._done = 10
    assert repr(bar) == "10 of 10 trials, 1:06:40"
