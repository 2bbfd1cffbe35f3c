"""Policies in the evaluation: lists follow them, and their price is measured."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml

from recsys import pipeline
from recsys.data import Interactions, ItemCatalog
from recsys.errors import DataFormatError, DataNotFoundError, ParameterError
from recsys.evaluation import AutoEvaluation, LeaveOut, NoSplit, Objective, RankingResult
from recsys.evaluation.policies import with_cost
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.preprocessing import Preprocessing
from recsys.recommenders import PopularityRecommender
from recsys.rules import Apriori
from recsys.runs import refit
from recsys.runs.equivalence import data_digest
from recsys.runs.output import Output
from recsys.runs.refit import Measurement, measure, slices
from tests.conftest import ROOT
from tests.integration.cures import RATED, composed, write_files
from tests.test_pipeline import InMemory

# User u of six likes the items u + 1, ..., u + 5 (modulo 6), in this order of time: the last is the test
# part, the one before it the validation part, and all are equally popular. Nobody likes item 6.
USERS, PLACES = np.divmod(np.arange(30), 5)
ITEMS = (USERS + PLACES + 1) % 6
CATALOG = ItemCatalog(np.arange(7), ("Tea", "Cake", "Milk", "Salt", "Rice", "Soap", "New"), ((),) * 7)


def experiment(policies=None):
    ratings = Interactions(USERS, ITEMS, timestamp=PLACES, items=CATALOG, name="memory")
    return pipeline.Experiment(
        InMemory(ratings),
        Preprocessing(likes="all"),
        Apriori(min_support=0.5, max_len=1),
        BitsetEngine(),
        ItemsetCache(enabled=False),
        PopularityRecommender(),
        LeaveOut(cutoffs=[1, 2], policies=policies),
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "policies.yaml"


def ndcg(result, k=1):
    """Return NDCG of each user: with policies, without them, and the difference."""
    names = (f"ndcg@{k}", f"ndcg_without_policies@{k}", f"ndcg_cost_of_policies@{k}")
    return [result.ranking.per_user[name].tolist() for name in names]


def test_the_price_of_policies(file):
    plain = pipeline.run(experiment())
    assert "ndcg_without_policies@1" not in plain.metrics
    # Recommended is the first of u, u + 4 and u + 5, and u + 4 is held out.
    expected = [0, 0, 1, 1, 1, 1]
    assert plain.ranking.per_user["ndcg@1"].tolist() == expected
    file.write_text("never_with: [{if: [Soap], never: [Tea]}]")  # users 2 to 4 like soap, user 2 tea next
    kept = pipeline.run(experiment(str(file)))
    assert ndcg(kept) == [[0, 0, 0, 1, 1, 1], expected, [0, 0, 1, 0, 0, 0]]
    file.write_text("pinned: [Soap]")  # new to users 0, 1, who likes it next, and 5
    kept = pipeline.run(experiment(str(file)))
    assert ndcg(kept) == [[0, 1, 1, 1, 1, 0], expected, [0, -1, 0, 0, 0, 1]]
    assert kept.metrics["ndcg_without_policies@1"] == plain.metrics["ndcg@1"] == kept.metrics["ndcg@1"]
    assert kept.metrics["ndcg_cost_of_policies@1"] == 0


def test_what_a_run_writes(file, tmp_path):
    file.write_text("out_of_stock: [Salt]")
    result, output = pipeline.run(experiment(str(file))), Output()
    output.write(result, tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["ndcg_cost_of_policies@1"] == pytest.approx(1 / 6)
    assert metrics["seconds_policies"] > 0
    assert json.loads((tmp_path / "data.json").read_text())["policies_digest"] == result.policies.digest
    assert "ndcg@1 0.5000 with the policies, 0.6667 without" in output.describe(result)
    without = pipeline.run(experiment())
    output.write(without, tmp_path)
    assert "policies_digest" not in json.loads((tmp_path / "data.json").read_text())
    assert "policies" not in "".join(output.describe(without))


def test_the_price_has_an_interval_and_slices_are_of_the_same_lists(file):
    file.write_text("out_of_stock: [Tea, Cake, Milk, Salt, Rice, Soap]")
    one = experiment(str(file))
    measurement, result = measure(one)
    intervals = measurement.intervals()
    assert intervals["ndcg_cost_of_policies@1"].value == result.metrics["ndcg_cost_of_policies@1"]
    assert measurement.ranking.metrics["ndcg@2"] == 0
    by_items = [piece for piece in slices(one, measurement, result.model) if "hit_share" in piece.metric]
    assert by_items
    assert all(piece.value.value == 0 for piece in by_items)


def test_a_stored_model_is_measured_with_the_policies(file, monkeypatch):
    file.write_text("pinned: [Soap]\nout_of_stock: [Tea]")
    one = experiment(str(file))
    expected, result = measure(one)
    monkeypatch.setattr(refit, "measured_experiment", lambda settings: one)
    found = refit.measure_fitted(result.model, result.model.train, CATALOG, {})
    assert expected.ranking.per_user["ndcg@1"].any()
    assert not any(difference.value for difference in found.differences(expected).values())


def test_the_cost_is_of_each_user():
    users = np.arange(2)
    ranking = RankingResult(users, {"ndcg@2": np.array([0.25, 1.0]), "mrr@2": users * 0.5}, {"ndcg@2": 0.625})
    without = replace(ranking, per_user={"ndcg@2": np.array([1.0, 0.5]), "mrr@2": users * 1.0})
    both = with_cost(ranking, without)
    assert both.metrics == {
        "ndcg@2": 0.625,
        "ndcg_without_policies@2": 0.75,
        "ndcg_cost_of_policies@2": 0.125,
    }
    assert both.per_user["ndcg_cost_of_policies@2"].tolist() == [0.75, -0.5]
    assert both.per_user.keys() == {"ndcg@2", "mrr@2", "ndcg_without_policies@2", "ndcg_cost_of_policies@2"}
    assert isinstance(Measurement(LeaveOut(), both).intervals()["ndcg_without_policies@2"].low, float)


def test_names_may_be_of_held_out_items(file):
    file.write_text("out_of_stock: [New]\npinned: [New]")
    result = pipeline.run(experiment(str(file)))
    assert result.policies.not_in_model == ("pinned[0]: 'New'",)
    assert result.metrics["ndcg_cost_of_policies@1"] == 0


def test_a_file_that_is_not_there_is_refused_before_anything_is_mined(file, monkeypatch):
    monkeypatch.setattr(BitsetEngine, "mine", None)
    file.with_name("wrong.yaml").write_text("pinned: [Slat]")
    with pytest.raises(DataFormatError, match=r"no item has the id or title 'Slat'\. Similar: 'Salt'"):
        pipeline.run(experiment(str(file.with_name("wrong.yaml"))))
    with pytest.raises(DataNotFoundError, match=r"evaluation\.policies: there is no file .*policies\.yaml"):
        pipeline.run(experiment(str(file)))


def test_a_sweep_can_be_held_to_a_price(file):
    file.write_text("out_of_stock: [Salt]")
    (bounds,) = re.findall(
        r"'objective\.constraints=(.*?)'", (ROOT / "docs/how-to/policies.md").read_text("utf-8")
    )
    constraints = yaml.safe_load(bounds.replace("@10", "@1"))
    objective = Objective(["ndcg@1"], ["maximize"], constraints)
    one = experiment(str(file))
    objective.check(one.evaluation)
    missed = objective(pipeline.run(one).metrics)["constraints"]
    assert missed == {"ndcg_cost_of_policies@1<=0.03": pytest.approx(1 / 6 - 0.03)}


@pytest.mark.parametrize("policies", ["", 3])
def test_what_is_no_path(policies):
    with pytest.raises(ParameterError, match="policies must be the path of a file of policies, or null"):
        LeaveOut(policies=policies)


def test_without_held_out_likes_there_is_nothing_to_measure(file):
    file.write_text("out_of_stock: [Rice]")
    nothing = replace(experiment(), evaluation=NoSplit(policies=str(file)))
    with pytest.raises(ParameterError, match=r"evaluation\.policies must be null where nothing is"):
        pipeline.run(nothing)


def test_the_evaluation_that_fits_the_data_has_the_policies(file):
    file.write_text("out_of_stock: [Rice]")
    auto = replace(experiment(), evaluation=AutoEvaluation(cutoffs=[1], policies=str(file)))
    assert "ndcg_cost_of_policies@1" in pipeline.run(auto).metrics


def test_a_changed_file_is_other_data_for_a_study(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    digests = []
    for text in ("out_of_stock: [i1]", "out_of_stock: [i2]"):
        file.write_text(text)
        digests.append(data_digest(composed(*RATED.split(), "evaluation.policies=policies.yaml")))
    first, second = digests
    assert first.pop("policies") != second.pop("policies")
    assert first == second == data_digest(composed(*RATED.split()))
