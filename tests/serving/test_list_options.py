"""What a request may ask of a list, and histories of orders."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import replace

import numpy as np
import pytest
from pydantic_core import to_json

from recsys.data import Histories, ItemCatalog
from recsys.recommenders.popularity_penalty import PenalizedModel
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.reloader import ModelReloader
from recsys.serving.signed_list import ListSigner
from tests.models.problems import bundle_of
from tests.models.test_bundle_options import of_orders
from tests.serving.conftest import Shelf, shared


@pytest.fixture
def ask(client_of, bundles):
    client = client_of(bundles["1"])

    def ask(path="/recommend", **body):
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def ids(answer):
    return [one["item_id"] for one in answer["recommendations"]]


def test_items_that_are_excluded_and_the_only_ones(ask):
    every = ids(ask(items=[0], k=100))
    assert ids(ask(items=[0], exclude_items=[every[0], str(every[2]), 5000], k=3)) == [every[1], *every[3:5]]
    some = [every[5], every[1], 0, 5000]
    assert ids(ask(items=[0], only_items=some)) == [every[1], every[5]]
    assert ids(ask(items=[0], only_items=some, exclude_items=[every[1]])) == [every[5]]
    assert ids(ask(items=[0], only_items=[0], exclude_seen=False)) == [0]
    assert ids(ask(items=[0], only_items=[5000])) == []


def test_a_batch_and_similar_items_have_the_same_options(ask, client_of, bundles):
    client = client_of(bundles["1"])
    options = {"exclude_items": [20], "categories": ["drama"], "max_per_category": 2, "k": 5}
    alone = ids(ask(items=[0], **options))
    assert len(alone) == 2  # all are dramas
    batch = ask("/recommend/batch", users=[{"items": [0]}, {"history": [[0]]}], **options)
    assert [ids(one) for one in batch["results"]] == [alone, alone]
    similar = client.get("/items/0/similar", params=options).json()
    assert ids(similar) == alone
    only = client.get("/items/0/similar", params={"only_items": [10, "60"], "explain": True}).json()
    assert set(ids(only)) == {10, 60}


def test_the_next_places(ask, client_of, bundles):
    whole = ask(items=[0], k=6, explain=True)
    parts = [ask(items=[0], k=2, offset=offset, explain=True) for offset in (0, 2, 4)]
    assert [one for part in parts for one in part["recommendations"]] == whole["recommendations"]
    assert ids(ask(items=[0], k=5, offset=90)) == []
    # A thumb knows the place in the whole list.
    client = client_of(bundles["1"])
    given = {"signed_list": parts[1]["signed_list"], "user_id": "ann", "item_id": ids(parts[1])[1]}
    assert client.post("/feedback", json=given | {"verdict": "up"}).status_code == 200
    store = client.app.state.service.store
    assert [one.rank for one in store.read()] == [4]
    refused = client.post("/recommend", json={"items": [0], "k": 20, "offset": 90})
    assert refused.status_code == 422
    message = "offset + k must be at most 100 (max_k). Got 110."
    assert refused.json()["error"]["message"] == message


def test_a_list_of_an_earlier_service_begins_at_the_top():
    signer = ListSigner(b"secret", 60)
    payload = urlsafe_b64encode(
        to_json((int(time.time()), "nonce", "1", [], [(7, "rule", []), (8, "rule", [])]))
    )
    shown = signer.read(f"{payload.decode()}.{signer._signature(payload)}", "8")
    assert shown["rank"] == 2


@pytest.mark.parametrize("penalty", [0.5, -1, 1])
def test_a_penalty_comes_before_the_cut_and_with_the_other_options(ask, client_of, bundles, penalty):
    options = {"k": 4, "exclude_items": [20], "popularity_penalty": penalty}
    model = PenalizedModel.of(bundles["1"].model, penalty)
    likes = bundles["1"]._histories([[0, 10]])
    expected = [
        bundles["1"].item_ids[item] for item in model.recommend(likes, 30).item_indices[0] if item >= 0
    ]
    expected = [item for item in expected if item != 20][:4]
    answer = ask(items=[0, 10], explain=True, **options)
    assert ids(answer) == expected
    assert ids(ask(items=[0, 10], k=4, popularity_penalty=0)) == ids(ask(items=[0, 10], k=4))
    similar = client_of(bundles["1"]).get("/items/0/similar", params=options).json()
    assert ids(similar) == ids(ask(items=[0], **options))
    # Reasons are those of the same items without the penalty.
    reasons = {one["item_id"]: one["reasons"] for one in answer["recommendations"]}
    for one in ask(items=[0, 10], explain=True, k=100)["recommendations"]:
        assert reasons.pop(one["item_id"], one["reasons"]) == one["reasons"]
    assert reasons == {}


@pytest.mark.parametrize("penalty", [1.01, -2, "0.5", True, None])
def test_what_is_no_penalty(client_of, bundles, penalty):
    answer = client_of(bundles["1"]).post("/recommend", json={"items": [0], "popularity_penalty": penalty})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["where"] == "popularity_penalty"


@pytest.fixture(scope="module")
def client_of(bundles, tmp_path_factory):
    """Return a client of a service of a bundle, the same one for all."""
    reloader = ModelReloader(Shelf(**bundles), poll_seconds=3600)

    def client_of(bundle):
        reloader.current = LoadedModel(bundle, "1")
        return client

    with shared(reloader, tmp_path_factory) as client:
        yield client_of


def test_categories(client_of):
    bundle = bundle_of("ease")
    client = client_of(bundle)
    assert client.get("/model").json()["categories"] == ["Drama", "War"]
    answer = client.post("/recommend", json={"items": [0], "categories": ["war"], "k": 100}).json()
    war = {
        item for item, names in zip(bundle.item_ids, bundle.catalog.categories, strict=True) if "War" in names
    }
    assert set(ids(answer)) == war - {0}
    client = client_of(replace(bundle, catalog=ItemCatalog.empty()))
    error = client.post("/recommend", json={"items": [], "categories": ["War"]}).json()["error"]
    assert error["code"] == "unknown_category"
    assert error["message"].endswith("there is no category 'War'. The items of the model have none.")


def test_orders_of_a_customer_who_buys_again(client_of):
    client = client_of(of_orders())
    told = client.get("/model").json()
    assert told["has_orders"] is True

    def ask(**body):
        return client.post("/recommend", json={"k": 2, **body}).json()

    answer = ask(history=[[0, 10], [20, 0]])
    assert answer["likes"] == [10, 20, 0]
    assert ids(answer)[0] == 0  # tea again
    assert 0 not in ids(ask(history=[[0, 10], [20, 0]], exclude_seen=True))
    assert sorted(ids(client.get("/items/0/similar").json())) == [10, 20, 30, 40]
    assert ids(ask(user_id="ann"))[0] == 0
    assert ids(ask(history=[0])) == ids(ask(items=[0])) == ids(ask(titles=["tea"])) == [10, 20]  # a basket
    assert ids(ask(history=[])) == ids(ask(history=[[]])) == ids(ask(items=[]))
    signer = client.app.state.service.signer
    for person in ({"history": [[20], [10, 0]]}, {"history": [10, 0]}, {"items": [10, 0]}):
        answer = ask(explain=True, **person)
        item = str(ids(answer)[0])
        assert signer.read(answer["signed_list"], item)["likes"] == ("10", "0")  # the latest order


def test_orders_of_a_viewer_are_moments(client_of):
    bundle = bundle_of("rules_max")
    client = client_of(bundle)
    assert client.get("/model").json()["has_orders"] is False

    def ask(**body):
        answer = client.post("/recommend", json={"k": 100, **body}).json()
        return [(one["item_id"], one["score"]) for one in answer["recommendations"]]

    def expected(likes):
        return [(one.item_id, one.score) for one in bundle.recommend([likes], 100)[0]]

    assert ask(history=[[0, 10], [20], [0]]) == expected([[0, 10], [20], [0]])
    assert ask(history=[0, 10]) == expected([[0, 10]])  # a basket has no order
    assert ask(history=[0, 10]) == ask(history=[10, 0]) != ask(items=[0, 10])


def test_what_a_customer_is_not_recommended(client_of):
    bundle = of_orders()
    pairs = np.array(["ann"]), np.array([30])
    seen = Histories.from_pairs(*pairs, None, bundle.histories.users, bundle.model.items)
    client = client_of(replace(bundle, seen=seen))
    for flag, expected in ((None, {0, 10, 20, 40}), (True, {40}), (False, {0, 10, 20, 30, 40})):
        answer = client.post("/recommend", json={"user_id": "ann", "exclude_seen": flag}).json()
        assert set(ids(answer)) == expected
