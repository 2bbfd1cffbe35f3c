"""Policies of the service: followed by all lists, read again when their file changes."""

from __future__ import annotations

import dataclasses
import logging
import os
from itertools import count

import pytest
from pydantic import TypeAdapter

from recsys.cli.serve import main
from recsys.errors import DataFormatError, DataNotFoundError, OutputError
from recsys.serving.policies_reloader import PoliciesReloader
from recsys.serving.reloader import ModelReloader
from recsys.serving.schemas import PoliciesState
from tests.serving.conftest import Shelf, shared, thumb

FIRST = "out_of_stock: [Heat]\nalways_with: [{if: [Toy Story], recommend: [Film 90], reason: Try it.}]"


TIMES = count(10**9)  # of the writings of the file


@pytest.fixture(scope="module")
def service(bundles, tmp_path_factory):
    """A client and the reloader of one service, which all tests share."""
    file = tmp_path_factory.mktemp("policies") / "policies.yaml"
    file.write_text(FIRST)
    reloader = ModelReloader(Shelf(**bundles), poll_seconds=3600, policies=PoliciesReloader(file))
    with shared(reloader, tmp_path_factory) as client:
        yield client, reloader


@pytest.fixture
def client(service):
    return service[0]


@pytest.fixture
def shelf(reloader):
    return reloader.source


@pytest.fixture
def reloader(service, bundles):
    """The reloader as after the start."""
    reloader = service[1]
    reloader.source = Shelf(**bundles)
    reloader.policies = PoliciesReloader(reloader.policies.path)
    reloader.swaps = reloader.failures = 0
    reloader.policies.path.write_text(FIRST)
    reloader.load()
    return reloader


@pytest.fixture
def file(reloader):
    return reloader.policies.path


@pytest.fixture
def write(file):
    """Write the file, at another time than before."""

    def write(text):
        file.write_text(text)
        os.utime(file, (time := next(TIMES), time))

    return write


def ids(client, **body):
    answer = client.post("/recommend", json={"items": [0, 10], "k": 100, **body}).json()
    return [one["item_id"] for one in answer["recommendations"]]


def state(client):
    return client.get("/model").json()["policies"]


def test_lists_follow_them(client, reloader):
    first, *others = client.post("/recommend", json={"items": [0], "k": 100, "explain": True}).json()[
        "recommendations"
    ]
    assert (first["item_id"], first["source"]) == (90, "policy")
    (reason,) = first["reasons"]
    assert (reason["text"], reason["share"]) == ("Try it.", 1.0)
    assert [item["item_id"] for item in reason["antecedents"]] == [0]
    assert 20 not in {one["item_id"] for one in others}
    assert all(why["text"] is None for one in others for why in one["reasons"])
    assert client.get("/items/0/similar").json()["recommendations"][0]["item_id"] == 90
    batch = client.post("/recommend/batch", json={"users": [{"items": [0]}, {"items": [60]}]}).json()
    assert [one["recommendations"][0]["item_id"] == 90 for one in batch["results"]] == [True, False]
    assert 90 not in ids(client, exclude_items=[90])
    assert ids(client, only_items=[20, 90, 30]) == [90, 30]
    assert 'recsys_recommendations_total{source="policy"}' in client.get("/metrics").text


def test_feedback_on_what_is_pinned_counts_as_of_a_policy(client, reloader):
    assert client.post("/feedback", json=thumb(client)).json() == {"stored": "new"}
    assert 'recsys_acceptance_by_source{source="policy"} 1.0' in client.get("/metrics").text


def test_a_changed_file_is_followed(client, reloader, write, caplog):
    caplog.set_level(logging.INFO)
    before, model = state(client), reloader.current
    reloader.poll()
    assert reloader.current is model
    write("pinned: [Film 80]")
    assert ids(client)[0] == 90  # until the next poll
    reloader.poll()
    after = state(client)
    assert (ids(client)[0], 20 in ids(client)) == (80, True)
    assert (after["swaps"], after["last_failure"]) == (1, None)
    assert f"Policies {after['version']} of " in caplog.text
    assert after["version"] != before["version"]
    assert reloader.swaps == 0  # the model is the same
    write("pinned: [Film 80]")  # written again, not changed
    reloader.poll()
    assert state(client)["swaps"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pinned: [", "it is no YAML"),
        ("out_of_stok: [Heat]", "the file has no key 'out_of_stok'. The keys are"),
        ("pinned: [Het]", "pinned[0]: no item has the id or title 'Het'."),
        (None, "policies: there is no file"),
    ],
)
def test_a_bad_file_keeps_the_last_good_one(client, reloader, file, write, caplog, text, message):
    before = state(client)
    TypeAdapter(PoliciesState).validate_python(before)
    if text is None:
        file.unlink()
    else:
        write(text)
    reloader.poll()
    reloader.poll()
    after = state(client)
    assert ids(client)[0] == 90
    assert (after["version"], after["swaps"]) == (before["version"], 0)
    assert message in after["last_failure"]["message"]
    assert caplog.text.count(message) == 1
    metrics = client.get("/metrics").text
    assert "recsys_policies_failures_total 1.0" in metrics
    assert f'recsys_policies_info{{version="{before["version"]}"}} 1.0' in metrics
    write("pinned: [Film 80]")
    reloader.poll()
    assert ids(client)[0] == 80


def test_whatever_reading_raises_the_service_stays(client, reloader, write, monkeypatch):
    write("pinned: [Film 80]")
    monkeypatch.setattr(type(reloader.current), "with_bundle", lambda self, bundle: 1 / 0)
    reloader.poll()
    assert state(client)["last_failure"]["message"] == "ZeroDivisionError: division by zero"
    assert ids(client)[0] == 90


def test_a_file_that_is_being_written_is_read_when_it_is_whole(client, reloader, file, write, monkeypatch):
    write("pinned: [Film 70]")
    read = PoliciesReloader._content

    def grow(self):
        content = read(self)
        write("pinned: [Film 80]")
        return content

    with monkeypatch.context() as patched:
        patched.setattr(PoliciesReloader, "_content", grow)
        reloader.poll()
    assert ids(client)[0] == 90
    reloader.poll()
    assert ids(client)[0] == 80
    assert state(client)["last_failure"] is None


def test_another_model_follows_the_same_policies(client, reloader, shelf):
    shelf.on_top = "2"
    reloader.poll()
    assert client.get("/model").json()["version"] == "2"
    assert (ids(client)[0], 20 in ids(client)) == (90, False)


def test_a_model_that_lacks_what_they_name_is_not_served(client, reloader, shelf, write, bundles):
    other = dataclasses.replace(bundles["2"].catalog, title=("",) * len(bundles["2"].catalog))
    shelf.bundles["3"] = dataclasses.replace(bundles["2"], catalog=other)
    shelf.on_top = "3"
    reloader.poll()
    told = client.get("/model").json()
    assert told["version"] == "1"
    assert (
        "always_with[0].recommend[0]: no item has the id or title 'Film 90'."
        in told["last_failure"]["message"]
    )
    write("pinned: [80]")
    reloader.poll()
    reloader.poll()
    assert client.get("/model").json()["version"] == "3"
    assert ids(client)[0] == 80


def test_items_that_the_model_does_not_know_yet_are_told(client, reloader, write, caplog):
    write("pinned: [Unseen, Film 80]")
    reloader.poll()
    assert ids(client)[0] == 80
    assert "as the model does not know them yet: pinned[0]: 'Unseen'" in caplog.text


def test_at_the_start_a_bad_file_is_refused(shelf, bundles, file, write, tmp_path, capsys):
    file.unlink()
    with pytest.raises(DataNotFoundError, match="policies: there is no file"):
        ModelReloader(shelf, policies=PoliciesReloader(file)).load()
    write("pinned: [Het]")
    with pytest.raises(DataFormatError, match="no item has the id or title 'Het'"):
        ModelReloader(shelf, policies=PoliciesReloader(file)).load()
    write("pinned: {}")
    arguments = ["--model", str(tmp_path), "--feedback", str(tmp_path / "f.db"), "--policies", str(file)]
    for more in ([], ["--wait-for-model", "true"]):
        assert main([*arguments, *more]) == 1
        assert f"{file}: pinned must be a list. Got {{}}." in capsys.readouterr().err
    assert not (tmp_path / "f.db").exists()
    with pytest.raises(DataFormatError, match="cannot be read"):
        PoliciesReloader(tmp_path).load()


def test_a_service_that_waits_for_its_model_has_policies(file, write, bundles):
    write(FIRST)
    shelf = Shelf(none=OutputError("not yet"))
    reloader = ModelReloader(shelf, policies=PoliciesReloader(file))
    reloader.load_policies()
    reloader.poll()
    write("pinned: [Film 80]")
    reloader.poll()
    shelf.bundles["1"], shelf.on_top = bundles["1"], "1"
    reloader.poll()
    (row,) = reloader.current.bundle.recommend([[]])
    assert row[0].item_id == 80


def test_without_policies_nothing_is_told(client, reloader, monkeypatch):
    monkeypatch.setattr(reloader, "policies", None)
    assert state(client) is None
    assert "recsys_policies" not in client.get("/metrics").text
