"""What the report tells of feedback, and what a model would have done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.cli import feedback as report
from recsys.feedback import Feedback, FeedbackStore
from recsys.serving.replay import liked
from recsys.serving.replay import replay as replayed
from tests.models.test_bundle_options import of_orders

UP = Feedback("a", "ann", "20", True, ("0",), "rule", ("0",), 1, "1", 1_000)


@pytest.fixture
def kept(tmp_path):
    """Keep feedback; return the path."""

    def kept(*thumbs):
        store = FeedbackStore.open(str(tmp_path / "feedback.db"))
        for number, thumb in enumerate(thumbs):
            store.add(replace(thumb, list_id=str(number)))
        store.close()
        return str(tmp_path / "feedback.db")

    return kept


@pytest.fixture
def say(capsys):
    def say(*arguments):
        code = report.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return say


def test_acceptance(kept, say):
    path = kept(UP, replace(UP, user_id="bob", liked=False), replace(UP, source="fallback", antecedents=()))
    code, said = say("--feedback", path)
    assert code == 0
    assert said.splitlines() == [
        f"{path}: 3 thumbs, 2 of them up, by 2 people.",
        "",
        "source    up  all  accepted",
        "rule      1   2    50%",
        "fallback  1   1    100%",
        "",
        "version  up  all  accepted",
        "1        2   3    67%",
        "",
        "rule     up  all  accepted",
        "0 -> 20  1   2    50%",
    ]


def test_how_many_rules_are_told(kept, say):
    path = kept(UP, replace(UP, antecedents=("10",)))
    for number in (0, 1, 2):
        code, said = say("--feedback", path, "--rules", str(number))
        assert (code, said.count(" -> ")) == (0, number)
    assert say("--feedback", path, "--rules", "-1") == (
        1,
        "rules must be an integer of at least 0. Got -1.\n",
    )


def test_the_last_thumb_counts():
    down = replace(UP, liked=False)
    assert liked([UP, down, replace(UP, user_id="bob")]) == [replace(UP, user_id="bob")]
    assert liked([down, UP]) == [UP]


def test_places(bundles):
    (row,) = bundles["1"].recommend([[0]], 5)
    third, last = str(row[2].item_id), str(row[4].item_id)
    thumbs = [replace(UP, item_id=third), replace(UP, item_id=last), replace(UP, user_id="bob", item_id="no")]
    found = replayed(bundles["1"], thumbs, k=4)
    assert found.users.tolist() == ["ann", "bob"]
    assert found.per_user["hit@4"].tolist() == [0.5, 0.0]
    assert found.per_user["mrr@4"].tolist() == [1 / 6, 0.0]
    assert found.metrics == {"hit@4": 0.25, "mrr@4": 1 / 12}


def test_what_was_in_a_basket_was_not_offered_to_it():
    found = replayed(of_orders(), [replace(UP, item_id="10", likes=("0",))], k=2)
    assert found.metrics == {"hit@2": 1.0, "mrr@2": 1.0}  # after tea, which customers buy again


def test_a_model_that_would_have_done_better(bundles, kept, say, tmp_path):
    # What is liked are items of the smaller group, which are not the most popular.
    for name, bundle in bundles.items():
        bundle.save(tmp_path / name)
    people = [replace(UP, user_id=f"p{number}", item_id=str(number)) for number in (10, 20, 30)]
    arguments = ("--feedback", kept(*people), "--k", "5", "--replay", str(tmp_path / "1"))
    code, said = say(*arguments, "--against", str(tmp_path / "2"))
    assert code == 0
    hits, ranks = said.splitlines()[-4:-2]
    assert hits.split()[:4] == ["hit@5", "1.0000", "0.0000", "+1.0000"]
    assert ranks.startswith("mrr@5")
    assert "3 items accepted by 3 people" in said
    assert "was fitted on feedback" not in said


def test_what_a_model_has_learnt_from_is_told(bundles, kept, say, tmp_path):
    config = {"dataset": {"feedback": "feedback.db"}}
    metadata = {"config": config, "created": "1970-01-01T00:00:05+00:00"}
    for name in ("1", "2"):
        replace(bundles[name], metadata=metadata if name == "1" else {}).save(tmp_path / name)
    path = kept(UP, replace(UP, user_id="bob", created=9_000))
    _, said = say("--feedback", path, "--replay", str(tmp_path / "1"), "--against", str(tmp_path / "2"))
    assert f"{tmp_path / '1'} was fitted on feedback, which may include 1 of these thumbs." in said


def test_nothing_to_tell(kept, say, tmp_path):
    assert say("--feedback", str(tmp_path / "none.db"))[0] == 1
    path = kept(replace(UP, liked=False))
    assert say("--feedback", path)[0] == 0
    code, said = say("--feedback", path, "--replay", "models:/recsys@challenger")
    assert (code, said.startswith("Nothing was accepted yet")) == (1, True)
