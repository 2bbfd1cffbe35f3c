"""The sentences that a report and the record of a sweep begin with: each is true of its trials."""

import json

import pytest

from recsys.runs.summary import counts, on_test, outcome, searched
from recsys.runs.sweep import Sweep
from recsys.runs.trials import Trial


def sweep_of(values, metrics=("max_lift",), directions=("maximize",), folder=None, **options):
    trials = [
        Trial(
            number,
            "complete",
            one if isinstance(one, tuple) else (float(one),),
            {"x": str(number)},
            **options,
        )
        if one is not None
        else Trial(number, "fail", params={"x": str(number)})
        for number, one in enumerate(values)
    ]
    return Sweep(folder, {"objective": {"metrics": list(metrics), "directions": list(directions)}}, trials)


@pytest.mark.parametrize(
    ("sweep", "sentence"),
    [
        (
            sweep_of([1, 9, 4, 9, 5]),
            "Trial 1 has the highest max_lift, 9, and so has 1 other trial. That is 4 above the next value "
            "(trial 4) and 4 above the median of the 5 trials.",
        ),
        (
            sweep_of([0.2, 0.1, 0.4], ["arp@10"], ["minimize"]),
            "Trial 1 has the lowest arp@10, 0.1000. That is 0.1000 below the next value (trial 0) and 0.1000 "
            "below the median of the 3 trials. The search chose it on the validation part, where the best of "
            "many trials looks too good.",
        ),
        (sweep_of([7, 7, 7, None]), "All 3 complete trials have the same max_lift, 7."),
        (sweep_of([None, 7]), "Trial 1, with max_lift 7, is the only one to choose from."),
        (sweep_of([None, None]), "No trial is complete: 2 failed."),
        (sweep_of([]), "No trial has ended."),
        (sweep_of([3, 4], feasible=False), "None of the 2 complete trials keeps the constraints."),
    ],
)
def test_the_outcome_of_one_objective(sweep, sentence):
    assert outcome(sweep) == sentence


def test_the_outcome_of_two_objectives():
    both = {"metrics": ["max_lift", "ndcg@10"], "directions": ["maximize"] * 2}
    assert outcome(sweep_of([(9.0, 0.1), (2.0, 0.3), (1.0, 0.1)], **both)) == (
        "2 trials are on the Pareto front: none is better than another in all objectives, and every other "
        "trial (1) is beaten by one of them. The highest max_lift is that of trial 0 (max_lift 9, ndcg@10 "
        "0.1000). The highest ndcg@10 is that of trial 1 (max_lift 2, ndcg@10 0.3000)."
    )
    assert (
        outcome(sweep_of([(9.0, 0.3), (2.0, 0.3)], **both))
        == "Trial 0 is the best in every objective: max_lift 9, ndcg@10 0.3000."
    )


def test_what_was_searched_on_which_data(tmp_path):
    (tmp_path / "data.json").write_text(
        json.dumps({"dataset": "shop", "n_ratings": 12345, "ratings_digest": "d1"})
    )
    sweep = sweep_of([1, 2], ["ndcg@10"], folder=tmp_path, job_dir=tmp_path)
    assert searched(sweep) == "2 trials over x on shop (12,345 interactions), for the highest ndcg@10."
    assert searched(sweep_of([1])) == "1 trial, for the highest max_lift."


def test_the_test_part_of_one_trial(tmp_path):
    interval = {"value": 0.1, "low": 0.09, "high": 0.11}
    sweep = sweep_of([1, 2], folder=tmp_path)
    assert on_test(sweep) == ""
    (tmp_path / "test.json").write_text(json.dumps({"1": {"ndcg@10": interval}}))
    assert on_test(sweep) == (
        "Fitted again and measured once on the test part, which no trial has seen, trial 1 has ndcg@10 "
        "0.1000 (0.0900 to 0.1100)."
    )
    (tmp_path / "test.json").write_text(json.dumps({"0": {"ndcg@10": interval}, "1": {"ndcg@10": interval}}))
    assert on_test(sweep) == ""  # of a Pareto front: the table has them


def test_how_many_trials_there_are():
    assert counts(sweep_of([None])) == "1 trial: 1 failed."
    assert counts(sweep_of([3, None, 3])) == "3 trials: 2 complete and 1 failed."
    assert counts(sweep_of([])) == "0 trials: none has ended."
