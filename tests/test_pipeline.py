"""What a run says and measures: likes that share a moment, and several folds."""

import logging
from dataclasses import dataclass

import numpy as np
import pytest
from hydra import compose, initialize_config_module

from recsys import pipeline
from recsys.composition import build_experiment
from recsys.data import Interactions
from recsys.datasets import Dataset
from recsys.evaluation import LeaveOut, NoSplit, Rolling, UserHoldout, UserShare
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.preprocessing import Preprocessing
from recsys.recommenders import PopularityRecommender
from recsys.rules import Apriori


@dataclass(frozen=True, eq=False)
class InMemory(Dataset):
    """A dataset that stands in memory."""

    ratings: Interactions

    def fingerprint(self):
        return ()

    def load(self):
        return self.ratings


def run(time_of, evaluation, n_users=6, n_items=10, part="validation", report=None):
    """Run an experiment on users who like all items, at the times that a function of both gives."""
    user, item = np.divmod(np.arange(n_users * n_items), n_items)
    ratings = Interactions(user, item, timestamp=time_of(user, item), name="memory")
    cache = ItemsetCache(enabled=False)
    recommender, rules = PopularityRecommender(), Preprocessing(likes="all")
    return pipeline.run(
        pipeline.Experiment(
            InMemory(ratings),
            rules,
            Apriori(min_support=0.5, max_len=1),
            BitsetEngine(),
            cache,
            recommender,
            evaluation,
        ),
        part,
        report,
    )


def one_moment(user, item):
    return user


def own_moments(user, item):
    return item


def two_users_in_six(user, item):
    return np.where(user < 2, 0, item)


@pytest.mark.parametrize(
    ("time_of", "n_cut", "warns"),
    [(one_moment, 6, True), (two_users_in_six, 2, False), (own_moments, 0, False)],
)
@pytest.mark.parametrize("evaluation", [UserShare(), LeaveOut()])
def test_users_whose_cut_falls_inside_a_tie_are_counted(time_of, n_cut, warns, evaluation, caplog):
    with caplog.at_level(logging.WARNING, "recsys"):
        result = run(time_of, evaluation)
    assert result.metrics["n_users_cut_in_tie"] == n_cut
    assert result.ranking.metrics["n_users_cut_in_tie"] == n_cut  # what test.json is made of
    assert bool(caplog.messages) == warns
    if warns:
        (message,) = caplog.messages
        assert message.startswith("For 6 of 6 users the visible and the held-out items share a moment")
        assert message.endswith("set evaluation=random.")


@pytest.mark.parametrize("evaluation", [UserShare(order="random"), NoSplit()])
def test_where_time_decides_nothing_there_are_no_ties(evaluation, caplog):
    assert "n_users_cut_in_tie" not in run(one_moment, evaluation).metrics
    assert not caplog.messages


@pytest.mark.parametrize(
    "evaluation",
    [UserHoldout(order="random", test_size=0.5, validation_size=0.5, replicates=3), Rolling(periods=3)],
)
def test_the_metrics_are_means_over_folds(evaluation):
    told = []
    result = run(own_moments, evaluation, report=lambda metrics, step: told.append((step, metrics["ndcg@5"])))
    assert len(result.folds) == 3
    alone = [run(own_moments, fold).metrics["ndcg@5"] for fold in evaluation.folds("validation")]
    assert [fold["ndcg@5"] for fold in result.folds] == alone
    assert result.metrics["ndcg@5"] == pytest.approx(np.mean(alone))
    assert told == [(1, pytest.approx(alone[0])), (2, pytest.approx(np.mean(alone[:2])))]
    assert run(own_moments, evaluation, part="test").folds == ()


def test_a_run_can_end_after_a_fold():
    def report(metrics, step):
        raise StopIteration(step)

    with pytest.raises(StopIteration, match="1"):
        run(own_moments, Rolling(periods=3), report=report)


def test_what_a_user_dislikes_takes_no_place_of_a_list():
    # Everybody likes items 0 to 3, in this order; user 5 dislikes 0, the first of equals, and likes 1 last.
    rows = [(user, item, 5.0, item) for user in range(5) for item in range(4)]
    rows += [(5, 0, 1.0, 0), (5, 2, 5.0, 1), (5, 3, 5.0, 2), (5, 1, 5.0, 3)]
    ratings = Interactions(*zip(*rows, strict=True), name="memory")
    rules = Apriori(min_support=0.1, max_len=1), BitsetEngine(), ItemsetCache(enabled=False)
    evaluation = LeaveOut(cutoffs=[1])
    experiment = (InMemory(ratings), Preprocessing(), *rules, PopularityRecommender(), evaluation)
    ranking = pipeline.run(pipeline.Experiment(*experiment), "test").ranking
    assert ranking.per_user["hit_rate@1"][ranking.users == 5] == 1.0


def test_the_defaults_are_those_of_the_configuration():
    with initialize_config_module("recsys.conf", version_base="1.3"):
        config = compose("config")
    assert pipeline.Experiment() == build_experiment(config)
