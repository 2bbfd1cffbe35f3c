"""`recsys.run` and `recsys.load`, as called in a notebook in an empty folder."""

import json
import logging
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_module, version
from hydra.core.global_hydra import GlobalHydra

import recsys
from recsys.errors import DataError, ParameterError, RecsysError
from tests.integration.cures import tries
from tests.interactive.conftest import SMALL


def small_run(*overrides, **options):
    return recsys.run(*SMALL, *overrides, **options)


def test_a_run_has_metrics_rules_recommendations_and_a_folder(folder, capsys):
    run = small_run("recommender=ease")
    assert run.folder.parent.parent == folder / "outputs"
    written = json.loads((run.folder / "metrics.json").read_text())
    assert run.metrics == {key: value for key, value in written.items() if not key.startswith("seconds_")}
    assert run.config.apriori.min_support == 0.2
    frame = run.rules.to_frame()
    assert len(frame) == len(run.rules) == run.metrics["n_rules"]
    assert frame["antecedents"][0] != frame["consequents"][0]
    found = run.recommend(["<b>film</b> 1", 2], k=2)
    assert len(found) == len(found.to_frame()) == 2
    assert all("because you liked" in reason for place in (0, 1) for reason in found.reasons(place))
    assert run.explain([1, 2], found[0].title).texts[0] == found.reasons(0)[0]
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("12 transactions") for line in lines)
    assert "transactions" in (run.folder / "recsys.log").read_text()


def test_what_notebooks_show_is_escaped(folder):
    run = small_run()
    shown = [run, run.rules, run.recommend([1]), run.explain([1], 2), run.recommender]
    for one in shown:
        html = one._repr_html_()
        assert "<table>" in html
        assert "<b>" not in html
        assert "<b>Film" in repr(one) or "&lt;b&gt;" not in html


def test_the_folder_of_a_run_is_enough(folder):
    run = small_run(folder="first")
    again = recsys.Run("first")
    assert run.folder == again.folder == folder / "first"
    assert again.rules.to_frame().equals(run.rules.to_frame())
    assert repr(recsys.load("first").recommend([1, 4])) == repr(run.recommend([1, 4]))


def test_rules_that_a_folder_does_not_keep_are_said(folder):
    run = small_run("output.max_rules=1", folder="first")
    assert len(run.rules) == run.metrics["n_rules"] == 2
    assert repr(run.rules).startswith("2 rules\n")
    kept = recsys.Run("first").rules
    assert len(kept) == 1
    assert repr(kept).startswith("1 of 2 rules\n")
    assert "1 of 2 rules" in kept._repr_html_()


def test_a_folder_that_is_used_again_leaves_the_earlier_run_as_it_was(folder):
    run = small_run(folder="same")
    before = run.metrics, run.seconds, repr(run), run._repr_html_()
    other = small_run("apriori.min_support=0.5", "recommender=ease", folder="same")
    assert other.metrics["n_rules"] != run.metrics["n_rules"] == len(run.rules)
    assert (run.metrics, run.seconds, repr(run), run._repr_html_()) == before
    assert run.config.apriori.min_support == 0.2
    names = [one.recommender.bundle.metadata["recommender"] for one in (run, other)]
    assert names == ["RuleRecommender", "EASERecommender"]


def test_calls_of_several_threads_do_not_mix(folder):
    supports = [0.2, 0.3, 0.5]
    argv = sys.argv
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(small_run, f"apriori.min_support={one}", folder=str(one)) for one in supports]
        runs = [call.result() for call in calls]
    assert [run.config.apriori.min_support for run in runs] == supports
    assert [run.folder.name for run in runs] == list(map(str, supports))
    assert sys.argv is argv


def test_nothing_of_the_process_is_changed(folder):
    handlers, argv = logging.root.handlers[:], sys.argv
    with initialize_config_module("recsys.conf", version_base="1.2", job_name="mine"):
        small_run()
        assert version.getbase() == version._get_version("1.2")
        assert compose("config").seed == 42
    assert (logging.root.handlers, sys.argv) == (handlers, argv)
    assert not logging.getLogger("recsys").handlers
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["apriori.min_support=2"], "apriori.min_support must be"),
        (["apriori.min_suport=0.2"], "Could not override 'apriori.min_suport'"),
        (["recommender=magic"], "Could not find 'recommender/magic'"),
        (["apriori.min_support=0.1,0.2"], "recsys.sweep"),
        ([3], "overrides must be texts"),
    ],
)
def test_errors_say_what_to_change(folder, overrides, message):
    with pytest.raises(RecsysError, match=re.escape(message)) as caught:
        small_run(*overrides)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@tries("recsys/interactive/hydra_calls.py", "or add 'hydra.mode=")
@pytest.mark.parametrize(
    ("call", "override"), [(recsys.run, "experiment=seed_sweep"), (recsys.sweep, "hydra.mode=RUN")]
)
def test_a_run_is_no_sweep(folder, call, override):
    with pytest.raises(ParameterError, match=r"hydra\.mode must be .* Call recsys\.") as caught:
        call(override, folder="made")
    assert not (folder / "made").exists()
    advice = str(caught.value).rpartition("or add '")[2].removesuffix("'.")
    assert advice == f"hydra.mode={'RUN' if call is recsys.run else 'MULTIRUN'}"
    if call is recsys.run:
        run = call(*SMALL, override, advice, "preprocessing=all", folder="made")
        assert run.folder == folder / "made"


def test_a_folder_is_given_once(folder):
    with pytest.raises(
        ParameterError, match=r"folder must be left out where the overrides have hydra\.run\.dir"
    ):
        small_run("hydra.run.dir=a", folder="b")
    with pytest.raises(ParameterError, match=r"the overrides have hydra\.sweep\.dir"):
        recsys.sweep(*SMALL, "hydra.sweep.dir=a", folder="b")
    assert not (folder / "b").exists()


def test_a_folder_of_a_sweep_is_refused(folder):
    Path("sweep").mkdir()
    Path("sweep/multirun.yaml").touch()
    with pytest.raises(RecsysError, match=r"hydra\.run\.dir must be a folder that no sweep uses"):
        small_run(folder="sweep")


def test_likes_are_a_list(folder):
    run = small_run()
    with pytest.raises(ParameterError, match=r"likes must be a list.* Give \['Film 1'\]\."):
        run.recommend("Film 1")
    likes = pd.Series([1, 2])
    with pytest.raises(ParameterError, match=r"likes must be a list.* Give list\(likes\)\.$"):
        run.recommend(likes)
    assert run.recommend(list(likes)).likes == ("<b>Film</b> 1", "<b>Film</b> 2")
    assert run.recommend(user=1).likes == tuple(f"<b>Film</b> {item}" for item in (1, 3, 4, 6))


def test_what_is_no_id_is_refused(folder):
    run = small_run("recommender=popularity")
    for given in (99, True, {}, float("nan"), 1.5):
        with pytest.raises(DataError, match=re.escape(f"No item has the id {given!r}")):
            run.recommend([given])
        with pytest.raises(DataError, match=re.escape(f"knows no user {given!r}")):
            run.recommend(user=given)
    with pytest.raises(DataError, match="No item has the id None"):
        run.recommend([None])


def test_whole_numbers_are_the_ids_that_pandas_made_of_them(folder):
    Path("items.csv").unlink()
    found = small_run("dataset.items_path=null").recommend([1.0, np.float64(2)])
    assert found.likes == ("1", "2")
