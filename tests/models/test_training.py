"""Bundles from folders of runs; `tests/integration/test_ranking.py` has them from real ones."""

import json

import numpy as np
import pytest

from recsys.data import Interactions
from recsys.errors import DataError, DataNotFoundError, ParameterError
from recsys.evaluation import UserShare
from recsys.feedback import Feedback, FeedbackStore
from recsys.models.training import load_or_fit, make_bundle
from recsys.recommenders import PopularityRecommender
from recsys.runs.refit import measure, measured_experiment
from recsys.runs.stored_config import experiment_of, read_settings
from recsys.runs.sweep import run_folder
from tests.recommenders.problems import rules_of
from tests.tracking.run_folders import write_run


def test_a_bundle_is_fitted_on_all_ratings(tmp_path):
    bundle = load_or_fit(str(write_run(tmp_path, "recommender=item_knn")))
    assert len(bundle.histories.item_indices) == 24 * 6
    assert bundle.metadata["recommender"] == "ItemKNNRecommender"
    assert bundle.metadata["fitted_on"] == "all data"
    assert bundle.metadata["config"]["recommender"]["shrinkage"] == 10.0
    assert len(bundle.metadata["ratings_digest"]) == len(bundle.metadata["transactions_digest"]) == 64
    assert bundle.recommend([[0, 1]], n_reasons=1)[0][0].item_id < 8


def test_what_the_environment_holds_is_not_kept_with_the_model(tmp_path, monkeypatch):
    monkeypatch.setenv("FEEDBACK", str(tmp_path / "secret.db"))
    FeedbackStore.open(str(tmp_path / "secret.db")).close()
    run = write_run(tmp_path / "run", "recommender=popularity", "dataset.feedback=${oc.env:FEEDBACK}")
    bundle = load_or_fit(str(run))
    assert bundle.metadata["config"]["dataset"]["feedback"] == "${oc.env:FEEDBACK}"
    assert "secret.db" not in json.dumps(bundle.metadata)
    settings = bundle.metadata["config"]
    assert experiment_of(settings).dataset.feedback == str(tmp_path / "secret.db")
    monkeypatch.delenv("FEEDBACK")
    for read in (lambda: read_settings(run), lambda: experiment_of(settings)):
        with pytest.raises(DataError, match=r"dataset\.feedback: .*'FEEDBACK' not found.*Set it as it was"):
            read()


@pytest.mark.parametrize("typed", ["dataset.feedback", "+secrets.here"])
def test_a_password_that_is_typed_is_refused(tmp_path, typed):
    address = "postgresql://user:secret@127.0.0.1:1/db"
    other = [] if typed == "dataset.feedback" else ["dataset.feedback=${secrets.here}"]
    run = write_run(tmp_path, "recommender=popularity", f"{typed}={address}", *other)
    with pytest.raises(ParameterError, match=r"dataset\.feedback must be without a password") as error:
        load_or_fit(str(run))
    assert "user:***@127.0.0.1" in str(error.value)
    assert "'dataset.feedback=${oc.env:FEEDBACK}'" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(("times", "order"), [(True, "time"), (False, "random")])
def test_where_nothing_was_held_out_a_fifth_is(tmp_path, times, order):
    settings = read_settings(write_run(tmp_path, "evaluation=none", times=times))
    measured, result = measure(measured_experiment(settings))
    assert measured.evaluation == UserShare(order=order)
    assert len(result.ranking.users) == 24


def test_two_are_measured_on_one_test_part(tmp_path):
    first = read_settings(write_run(tmp_path / "a", "evaluation=leave_last_out"))
    second = read_settings(write_run(tmp_path / "b", "recommender=popularity", "preprocessing=all"))
    measured, result = measure(measured_experiment(second, test_part_of=first))
    assert type(measured.evaluation).__name__ == "LeaveOut"
    assert type(result.model).__name__ == "PopularityModel"


def test_no_run_and_no_sweep(tmp_path):
    with pytest.raises(DataNotFoundError, match="neither a run nor a sweep left its configuration there"):
        run_folder(tmp_path)


def test_a_sweep_without_a_trial(tmp_path):
    (tmp_path / "multirun.yaml").write_text("objective: {metrics: [max_lift], directions: [maximize]}\n")
    with pytest.raises(DataNotFoundError, match="no trial of this sweep is complete"):
        run_folder(tmp_path)


def test_what_known_users_have_rated_without_liking_it_is_not_recommended(tmp_path):
    run = write_run(tmp_path, "recommender=popularity", "preprocessing.min_movie_ratings=1")
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("0,6,1,99\n")
    bundle = load_or_fit(str(run))
    assert bundle.seen_of(0) == [6]
    assert bundle.seen_of(1) == []
    likes = bundle.likes_of(0)
    assert 6 not in likes
    (row,) = bundle.recommend([likes], 99, seen=[bundle.seen_of(0)])
    assert {one.item_id for one in row} == set(bundle.item_ids) - {*likes, 6}


def test_a_thumb_down_is_a_rating_of_its_user(tmp_path):
    address = str(tmp_path / "feedback.db")
    store = FeedbackStore.open(address)
    store.add(Feedback("list", "ann", "3", False, likes=("0",), created=10**6))
    store.close()
    options = ["recommender=popularity", f"dataset.feedback={address}", "dataset.feedback_max_share=1"]
    run = write_run(tmp_path / "run", *options)
    with (tmp_path / "run" / "ratings.csv").open("a") as file:
        file.write("0,6,1,99\n")  # the lowest rating of the data is a dislike
    bundle = load_or_fit(str(run))
    ann = bundle.histories.users[-1]
    assert (bundle.likes_of(ann), bundle.seen_of(ann)) == ([0], [3])


@pytest.mark.parametrize("customers", [True, False])
def test_what_is_bought_again_is_not_left_out_but_what_was_refused_is(customers):
    """Refused by user 2, who has bought it once: of the others nothing is known but their orders."""
    user = np.array([0, 0, 0, 1, 1, 2, 2])
    order = np.array([0, 0, 1, 2, 2, 3, 3]) if customers else user
    item = np.array([0, 1, 2, 0, 1, 0, 1])
    refused = np.array([[2, 1]], dtype=object)
    data = Interactions(user, item, order_id=order, page_users=np.array([2]), refused=refused)
    train = data.positives().histories(None, np.arange(3))
    model = PopularityRecommender().fit(train, rules_of(train))
    bundle = make_bundle(model, data, {"recommender": {"_target_": "Popularity"}}, {})
    assert [bundle.seen_of(one) for one in range(3)] == [[], [], [1] if customers else []]
    assert bundle.likes_of(2) == [0, 1]
