import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from recsys.data import Histories, ItemCatalog
from recsys.datasets import TitleError
from recsys.errors import ParameterError
from recsys.models.bundle import Bundle, Item, flatten
from recsys.recommenders import SOURCES, Reason
from tests.models.problems import LIKES, bundle_of, long, wide
from tests.recommenders.problems import ALL, blocks, histories

everybody = pytest.mark.parametrize("name", ALL)


@everybody
def test_lists_are_those_of_the_model(name):
    bundle = bundle_of(name)
    known = [[0, 1, 2], [6, 7], [], [11]]  # places of LIKES; 999 is not known
    lists = bundle.model.recommend(histories(known, 12), 5)
    told = bundle.recommend(LIKES, k=5)
    for user, row in enumerate(told):
        items = lists.item_indices[user]
        assert [one.item_id for one in row] == (items[items >= 0] * 10).tolist()
        assert [one.score for one in row] == lists.scores[user, : len(row)].tolist()
        assert [one.source for one in row] == [SOURCES[one] for one in lists.sources[user, : len(row)]]
        assert [one.title for one in row] == bundle.catalog.titles([one.item_id for one in row])
        assert all(one.reasons == () for one in row)


@everybody
def test_reasons_are_those_of_the_model(name):
    bundle = bundle_of(name)
    for likes, row in zip(LIKES, bundle.recommend(LIKES, k=5, n_reasons=2), strict=True):
        history = histories([[item // 10 for item in likes if item != 999]], 12)
        for one in row:
            expected = bundle.model.explain(history, [one.item_id // 10])[0][:2]
            assert [reason.share for reason in one.reasons] == pytest.approx(
                [reason.share for reason in expected]
            )
            for reason, of_model in zip(one.reasons, expected, strict=True):
                assert [title.item_id for title in reason.antecedents] == [
                    10 * item for item in of_model.antecedents
                ]
                assert reason.support_count == of_model.support_count


@everybody
def test_one_user_is_answered_as_in_a_batch(name):
    bundle = bundle_of(name)
    assert bundle.recommend(LIKES, n_reasons=3) == [bundle.recommend([row], n_reasons=3)[0] for row in LIKES]


@pytest.mark.parametrize("train", [long(), wide()], ids=["numbers", "texts"])
def test_an_item_without_a_title_is_found_by_its_id(train):
    bundle = replace(bundle_of("rules", train), catalog=ItemCatalog.empty())
    for item in bundle.item_ids:
        assert bundle.find(str(item)) == item
    with pytest.raises(TitleError, match="No item is called 'nothing of all this'"):
        bundle.find("nothing of all this")


def test_what_is_found_is_an_id_of_the_model():
    bundle = bundle_of("rules")
    texts = np.array([*map(str, bundle.item_ids), "abc"])
    titles = (*(f"Title {item}" for item in bundle.item_ids), "Other")
    bundle = replace(bundle, catalog=ItemCatalog(texts, titles, ((),) * len(titles)))
    assert bundle.find("title 70") == 70
    assert bundle.find("other") == "abc"


def test_of_an_id_that_stands_twice_the_last_counts():
    bundle = bundle_of("rules")
    assert bundle.recommend([[0, 10, 0]]) == bundle.recommend([[10, 0]]) != bundle.recommend([[0, 10]])


def test_what_is_liked_is_recommended_on_demand():
    bundle = bundle_of("item_knn")
    assert 0 not in {one.item_id for one in bundle.recommend([[0, 10]], k=99)[0]}
    assert {one.item_id for one in bundle.recommend([[0, 10]], k=99, exclude_seen=False)[0]} == set(
        bundle.item_ids
    )


@everybody
def test_what_else_is_rated_takes_no_place(name):
    bundle = bundle_of(name)
    every = bundle.recommend([[0, 10], []], k=99, n_reasons=2)
    seen = [[every[0][0].item_id, 999, 0], [every[1][1].item_id]]
    first, second = bundle.recommend([[0, 10], []], k=99, n_reasons=2, seen=seen)
    assert first == every[0][1:]
    assert second == [every[1][0], *every[1][2:]]
    assert bundle.recommend([[0, 10], []], k=99, n_reasons=2, seen=[[], []]) == every
    shown = bundle.recommend([[0, 10]], k=99, exclude_seen=False, seen=seen[:1])[0]
    assert {one.item_id for one in shown} == set(bundle.item_ids)


def test_seen_is_of_each_user():
    with pytest.raises(ParameterError, match=r"seen must be a row for each of 2 users\. Got 1"):
        bundle_of("rules").recommend([[0], []], seen=[[10]])


def test_what_known_users_have_rated():
    bundle = bundle_of("rules", wide())
    users, items = np.array(["u", "v", "w"]), np.array(list("abcdefg"))
    pairs = np.array(["u", "w", "w"]), np.array(["g", "a", "b"])
    rated = replace(bundle, seen=Histories.from_pairs(*pairs, None, users, items))
    assert [rated.seen_of(user) for user in "uvwx"] == [["g"], [], ["a", "b"], None]
    assert [bundle.seen_of(user) for user in "uvwx"] == [[], [], [], None]
    with pytest.raises(ParameterError, match="seen must be of the 3 users of the histories"):
        replace(bundle, seen=Histories.empty(users[:2], items))
    with pytest.raises(ParameterError, match="seen must be over the 7 items of the model"):
        replace(bundle, seen=Histories.empty(users, items[:2]))


def test_lists_are_no_longer_than_the_catalogue():
    assert len(bundle_of("rules").recommend([[]], k=10**12)[0]) == 12


def test_items_of_the_model_are_known():
    bundle = bundle_of("rules")
    assert bundle.knows(10)
    assert not bundle.knows(11)


def test_likes_of_known_users():
    bundle = bundle_of("rules", wide())
    assert flatten(bundle.steps_of("v")) == ["e", "a", "b", "f"]
    assert bundle.steps_of("x") is None


def tied():
    """Users who like items 0 to 2 of twelve at one moment, and 3 to 5 at the next."""
    train = blocks()
    return replace(train, steps=train.steps // 3)


def test_steps_of_known_users():
    bundle = replace(bundle_of("rules"), histories=tied())
    steps, likes = bundle.steps_of(0), [bundle.item_ids[item] for item in tied().of(0).tolist()]
    assert [item for step in steps for item in step] == likes
    assert max(map(len, steps)) > 1
    assert bundle_of("rules", wide()).steps_of("v") == [["e", "a", "b", "f"]]
    assert bundle.steps_of(10**6) is None


@pytest.mark.parametrize("name", ["rules", "rules_max", "blend", "ease"])
def test_a_known_user_is_answered_as_the_model_does_whatever_the_order_inside_a_step(name):
    bundle = replace(bundle_of(name), histories=tied())
    steps = bundle.steps_of(0)
    (answer,) = bundle.recommend([steps], n_reasons=3)
    (backwards,) = bundle.recommend([[step[::-1] for step in steps]], n_reasons=3)
    assert [one.item_id for one in answer] == [one.item_id for one in backwards]
    assert [one.score for one in answer] == pytest.approx([one.score for one in backwards])
    lists = bundle.model.recommend(bundle.histories, len(answer))
    assert [one.score for one in answer] == lists.scores[0, : len(answer)].tolist()
    for one, other in zip(answer, backwards, strict=True):
        assert sorted(why.share for why in one.reasons) == pytest.approx(
            sorted(why.share for why in other.reasons)
        )


def test_the_last_moment_of_an_item_counts():
    bundle = bundle_of("rules")
    twice = bundle.recommend([[[0, 10], 999, [20, 0]]], n_reasons=2)
    assert twice == bundle.recommend([[10, [20, 0]]], n_reasons=2)
    assert twice != bundle.recommend([[10, 20, 0]], n_reasons=2)


@pytest.mark.parametrize("arguments", [{"k": 0}, {"k": 1.5}, {"n_reasons": -1}])
def test_bad_numbers(arguments):
    with pytest.raises(ParameterError, match="must be an integer of at least"):
        bundle_of("rules").recommend([[0]], **arguments)


def test_histories_are_over_the_items_of_the_model():
    bundle = bundle_of("rules")
    with pytest.raises(ParameterError, match="histories must be over the 12 items of the model"):
        replace(bundle, histories=wide())


@everybody
def test_it_is_told_as_json(name):
    row = bundle_of(name).recommend([[0, 10]], n_reasons=2)[0]
    told = json.loads(json.dumps([asdict(one) for one in row], allow_nan=False))
    assert [one["item_id"] for one in told] == [one.item_id for one in row]
    names = {"item_id", "title", "display_title", "year", "score", "source", "reasons", "categories"}
    assert told[0].keys() == names
    (reason, *_) = told[0]["reasons"]
    measures = {"support_count", "confidence", "lift", "share", "times"}
    assert reason.keys() == {"antecedents", "category", "text"} | measures


def test_infinite_measures_are_none():
    bundle = bundle_of("rules")
    told = bundle._explained(Reason((1,), 3, float("nan"), float("inf"), 1.0, 2))
    assert told == Reason((Item(10, "Title 10"),), 3, None, None, 1.0, 2)


def test_a_bundle_of_nothing_but_popularity_needs_no_likes():
    bundle = Bundle(ALL["popularity"].fit(long()), bundle_of("rules").catalog, long())
    (row,) = bundle.recommend([[]], k=3, n_reasons=1)
    assert [one.reasons[0].support_count for one in row] == [one.score for one in row]
