"""What the endpoints of recommendations and items answer."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from recsys.data import Histories, ItemCatalog
from recsys.models.bundle import flatten
from recsys.serving.schemas import BatchResponse, ItemsResponse, RecommendResponse, SimilarResponse
from tests.models.problems import bundle_of, long, wide
from tests.serving.conftest import HTML


def finite(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"JSON holds {name}"))


def test_items(reader, bundles):
    answer = reader.post("/recommend", json={"items": [0, 10], "k": 4, "explain": True})
    assert answer.status_code == 200
    TypeAdapter(RecommendResponse).validate_python(answer.json())
    content = finite(answer.content)
    assert content["model_version"] == "1"
    assert content["likes"] == [0, 10]
    assert content["ignored"] == []
    expected = bundles["1"].recommend([[0, 10]], 4, n_reasons=3)[0]
    assert content["recommendations"] == json.loads(json.dumps([asdict(one) for one in expected]))
    assert {one["source"] for one in content["recommendations"]} <= {"rule", "model", "fallback", "policy"}
    first = content["recommendations"][0]
    assert first["source"] == "rule"
    assert first["reasons"][0]["antecedents"][0]["title"] in ("Toy Story (1995)", "Toy Story 2 (1999)")
    assert math.isfinite(first["score"])


def unsigned(answer):
    """Return what an answer says, without its signature, which is another one each time."""
    return {key: value for key, value in answer.json().items() if key != "signed_list"}


def test_titles_and_ids_as_text_are_the_same_people(reader):
    by_id = unsigned(reader.post("/recommend", json={"items": [0, 20]}))
    assert unsigned(reader.post("/recommend", json={"titles": ["toy story", "HEAT"]})) == by_id
    assert unsigned(reader.post("/recommend", json={"items": ["0", "20"]})) == by_id
    assert reader.post("/recommend", json={"items": [20, 0, 20]}).json()["likes"] == [0, 20]


def test_both_ways_to_the_endpoint_lead_to_one_answer(reader):
    # What FastAPI reads, for its media type says more, and what goes straight through.
    body = json.dumps({"items": [0, "20"], "k": 3, "explain": True})
    answers = [
        reader.post("/recommend", content=body, headers={"content-type": kind})
        for kind in ("application/json", "application/json; charset=utf-8")
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert unsigned(answers[0]) == unsigned(answers[1])


def test_a_known_user(reader, bundles):
    user = bundles["1"].histories.users[0].item()
    likes = flatten(bundles["1"].steps_of(user))
    answer = unsigned(reader.post("/recommend", json={"user_id": user}))
    assert answer["likes"] == likes
    assert not {one["item_id"] for one in answer["recommendations"]} & set(likes)
    assert answer == unsigned(reader.post("/recommend", json={"items": likes}))


def test_likes_of_a_known_user_at_one_moment_count_alike(serve, shelf, bundles):
    histories = bundles["1"].histories
    kept = replace(bundles["1"], histories=replace(histories, steps=histories.steps // 4))
    user = histories.users[0].item()
    shelf.bundles["1"] = kept
    answer = serve().post("/recommend", json={"user_id": user}).json()
    assert answer["likes"] == flatten(kept.steps_of(user))
    scores = [one["score"] for one in answer["recommendations"]]
    assert scores == kept.model.recommend(kept.histories, len(scores)).scores[0].tolist()
    assert scores != [one.score for one in kept.recommend([flatten(kept.steps_of(user))])[0]]


def test_seen_items_on_request(reader):
    answer = reader.post("/recommend", json={"items": [0, 10], "k": 100, "exclude_seen": False}).json()
    assert {0, 10} <= {one["item_id"] for one in answer["recommendations"]}


def test_nobody_in_particular_gets_what_is_popular(reader):
    answer = reader.post("/recommend", json={"items": []}).json()
    assert len(answer["recommendations"]) == 10
    assert {one["source"] for one in answer["recommendations"]} == {"fallback"}


def test_an_item_that_nobody_likes_yet_is_told_apart(reader):
    answer = reader.post("/recommend", json={"items": [5000, 0]}).json()
    assert (answer["likes"], answer["ignored"]) == ([0], [5000])


def test_a_batch_is_its_requests(reader):
    users = [{"items": [0, 10]}, {"titles": ["Heat"]}, {"items": []}, {"user_id": 1}]
    answer = reader.post("/recommend/batch", json={"users": users, "k": 3, "explain": True})
    TypeAdapter(BatchResponse).validate_python(answer.json())
    alone = [unsigned(reader.post("/recommend", json={**user, "k": 3, "explain": True})) for user in users]
    assert answer.json()["model_version"] == "1"
    results = [{"model_version": "1", **one} for one in answer.json()["results"]]
    assert all(one.pop("signed_list") for one in results)
    assert results == alone
    assert reader.post("/recommend/batch", json={"users": []}).json()["results"] == []


def test_similar(reader):
    answer = reader.get("/items/0/similar", params={"k": 3, "explain": True})
    TypeAdapter(SimilarResponse).validate_python(answer.json())
    assert answer.json()["item"] == {
        "item_id": 0,
        "title": "Toy Story (1995)",
        "display_title": "Toy Story",
        "year": 1995,
    }
    alone = reader.post("/recommend", json={"items": [0], "k": 3, "explain": True}).json()
    assert answer.json()["recommendations"] == alone["recommendations"]
    assert reader.get("/items/5000/similar").json()["recommendations"][0]["source"] == "fallback"


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("toy st", {0, 10}),
        ("toystory", {0, 10}),
        ("heat (1995)", {20}),
        ("qqqq", set()),
        ("", set()),
        ("Unseen", set()),
    ],
)
def test_search(reader, search, ids):
    answer = reader.get("/items", params={"search": search})
    TypeAdapter(ItemsResponse).validate_python(answer.json())
    assert {item["item_id"] for item in answer.json()["items"]} == ids


def test_search_gives_the_most_liked_first(reader):
    found = reader.get("/items", params={"search": "film", "limit": 5}).json()["items"]
    likes = [item["n_likes"] for item in found]
    assert len(found) == 5
    assert likes == sorted(likes, reverse=True)
    assert found[0]["categories"] == ["Drama", "War"]


def test_titles_are_told_as_they_are(reader):
    answer = reader.get("/items", params={"search": "img src"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["items"][0]["title"] == HTML


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({}, "invalid_request", "give exactly one of items, titles, history and user_id"),
        ({"items": [0], "user_id": 1}, "invalid_request", "give exactly one of"),
        ({"items": [0], "n": 5}, "invalid_request", "there is no field 'n'; the fields are"),
        ({"items": [0], "k": 0}, "invalid_request", "k: Input should be greater than or equal to 1"),
        ({"items": [0], "k": True}, "invalid_request", "k: Input should be a valid integer"),
        ({"items": [0], "k": 101}, "over_limit", "k must be at most 100 (max_k). Got 101."),
        ({"items": [0] * 1001}, "over_limit", "items must be at most 1,000 entries (max_items). Got 1,001."),
        ({"items": [], "seen": [0] * 1001}, "over_limit", "seen must be at most 1,000 entries (max_items)"),
        ({"items": [0], "seen": [10, 7]}, "unknown_item", "seen[1]: no item has the id 7. GET /items"),
        ({"items": [0], "seen": None}, "invalid_request", "seen: Input should be a valid list"),
        ({"seen": [0]}, "invalid_request", "give exactly one of items, titles, history and user_id"),
        ({"titles": ["a"] * 51}, "over_limit", "titles must be at most 50 entries (max_titles). Got 51."),
        ({"items": [0, 7]}, "unknown_item", "items[1]: no item has the id 7. GET /items?search= finds ids."),
        ({"items": ["../../etc/passwd"]}, "unknown_item", "items[0]: no item has the id '../../etc/passwd'."),
        ({"items": [2**63]}, "invalid_request", "less than 9223372036854775808"),
        ({"items": [True]}, "invalid_request", "items[0]: Input should be a valid integer, or"),
        ({"items": [1.5]}, "invalid_request", "items[0]: Input should be a valid integer, or"),
        ({"items": "0"}, "invalid_request", "items: Input should be a valid list"),
        ({"items": None}, "invalid_request", "give exactly one of"),
        ({"titles": ["Film"]}, "unclear_title", "titles[0]: 'Film' may be one of"),
        ({"titles": ["Nothing like it"]}, "unclear_title", "titles[0]: No item is called 'Nothing like it'"),
        ({"titles": [""]}, "invalid_request", "titles[0]: String should have at least 1 character"),
        ({"titles": ["a\0b"]}, "invalid_request", "titles[0]: String should match pattern"),
        ({"titles": ["x" * 201]}, "invalid_request", "titles[0]: String should have at most 200 characters"),
        ({"user_id": 999999}, "unknown_user", "user_id: the model knows no user 999999."),
        ([], "invalid_request", "The request: Input should be a valid dictionary"),
        ("items", "invalid_request", "The request: Input should be a valid dictionary"),
    ],
)  # fmt: skip
def test_what_cannot_be(reader, request_, code, message):
    answer = reader.post("/recommend", json=request_)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, code)
    assert message in error["message"]
    assert len(error["details"]) <= 10


def test_errors_of_a_batch_name_the_person(reader):
    answer = reader.post("/recommend/batch", json={"users": [{"items": []}, {"items": [0, 7]}]})
    assert answer.json()["error"]["details"][0]["where"] == "users[1].items[1]"
    answer = reader.post("/recommend/batch", json={"users": [{"items": []}] * 101})
    assert answer.json()["error"]["message"].startswith("users must be at most 100 entries (max_batch)")
    assert reader.post("/recommend/batch", json={"users": [{"user_id": "no"}]}).status_code == 422


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/items/7/similar", 404, "unknown_item"),
        ("/items/..%2f..%2fetc%2fpasswd/similar", 404, "unknown_item"),
        ("/items/0/similar?k=0", 422, "invalid_request"),
        ("/items/0/similar?k=1000", 422, "over_limit"),
        ("/items", 422, "invalid_request"),
        ("/items?search=a&limit=51", 422, "invalid_request"),
        ("/items?search=" + "a" * 201, 422, "invalid_request"),
        ("/recommend", 405, "method_not_allowed"),
        ("/nothing", 404, "not_found"),
        ("/static/../app.py", 404, "not_found"),
        ("/static/..%2f..%2fapp.py", 404, "not_found"),
        ("/static/%2e%2e/%2e%2e/settings.py", 404, "not_found"),
        ("/redoc", 404, "not_found"),
    ],
)
def test_paths_that_are_none(reader, path, status, code):
    answer = reader.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert set(answer.json()["error"]) == {"code", "message", "details"}


@pytest.mark.parametrize("train", [long(), wide()], ids=["numbers", "text"])
def test_without_a_catalogue_items_are_called_by_their_ids(serve, shelf, train):
    model = bundle_of("item_knn", train)
    shelf.bundles["1"] = replace(model, catalog=ItemCatalog.empty())
    client = serve()
    item = model.item_ids[1]
    found = client.get("/items", params={"search": str(item)}).json()["items"]
    assert (item, str(item)) in [(one["item_id"], one["title"]) for one in found]
    assert client.post("/recommend", json={"titles": [str(item)]}).json()["likes"] == [item]


def test_ids_that_are_text_may_be_sent_as_numbers(serve, shelf):
    train = replace(wide(), items=np.array(["09", "1", "2", "3", "4", "7", "8"]))
    shelf.bundles["1"] = bundle_of("item_knn", train)
    client = serve()
    assert client.post("/recommend", json={"items": [7]}).json()["likes"] == ["7"]
    assert client.post("/recommend", json={"items": [8, "7"]}).json()["likes"] == ["8", "7"]
    assert client.post("/recommend", json={"items": [9]}).json()["error"]["code"] == "unknown_item"


def test_items_that_the_catalogue_lacks_are_found_too(serve, shelf, bundles):
    catalog = bundles["1"].catalog
    some = ItemCatalog(catalog.item_id[:2], catalog.title[:2], catalog.categories[:2])
    shelf.bundles["1"] = replace(bundles["1"], catalog=some)
    client = serve()
    for search, item in (("toy story", 0), ("20", 20)):
        assert client.get("/items", params={"search": search}).json()["items"][0]["item_id"] == item


def test_an_id_with_a_slash(serve, shelf):
    catalog = ItemCatalog(np.array(["milk/oat"]), ("Oat milk",), ((),))
    shelf.bundles["1"] = replace(bundle_of("item_knn", wide()), catalog=catalog)
    client = serve()
    answer = client.get("/items/milk%2Foat/similar")
    item = {"item_id": "milk/oat", "title": "Oat milk", "display_title": "Oat milk", "year": None}
    assert answer.json()["item"] == item
    assert (
        client.get("/items/milk/soy/similar").json()["error"]["message"] == "No item has the id 'milk/soy'."
    )
    assert 'route="/items/{item_id}/similar",status="404"} 1.0' in client.get("/metrics").text


def ids(answer):
    return [one["item_id"] for one in answer["recommendations"]]


@pytest.mark.parametrize("person", [{"items": [0]}, {"titles": ["toy story (1995)"]}, {"user_id": 0}])
def test_what_else_a_person_has_seen_is_not_recommended(reader, person):
    every = reader.post("/recommend", json={**person, "k": 100}).json()
    first, second, *others = ids(every)
    # Ids may be text, liked too, or of an item that nobody likes yet.
    seen = [second, str(first), 0, 5000]
    answer = reader.post("/recommend", json={**person, "k": 100, "seen": seen}).json()
    assert ids(answer) == others
    assert (answer["likes"], answer["ignored"]) == (every["likes"], [])
    shown = {**person, "k": 100, "seen": seen, "exclude_seen": False}
    assert {first, second} <= set(ids(reader.post("/recommend", json=shown).json()))
    batch = reader.post("/recommend/batch", json={"users": [{**person, "seen": seen}, person], "k": 100})
    assert [ids(result) for result in batch.json()["results"]] == [others, ids(every)]


def test_what_a_known_user_has_rated_is_not_recommended(serve, shelf, bundles):
    histories = bundles["1"].histories
    client = serve()
    user = histories.users[0].item()
    first, second, *others = ids(client.post("/recommend", json={"user_id": user, "k": 100}).json())
    pairs = histories.users[[0, 1]], np.array([first, second])
    seen = Histories.from_pairs(*pairs, None, histories.users, histories.items)
    shelf.bundles["1"] = replace(bundles["1"], seen=seen)
    client = serve()
    answer = client.post("/recommend", json={"user_id": user, "k": 100}).json()
    assert ids(answer) == [second, *others]
    assert ids(client.post("/recommend", json={"user_id": user, "k": 100, "seen": [second]}).json()) == others
