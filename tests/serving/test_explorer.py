"""The endpoints of the explorer of rules."""

import asyncio
from asyncio import Event, Semaphore
from types import SimpleNamespace

import pytest

from recsys.serving import explorer


def get(client, path, **parameters):
    answer = client.get(f"/explorer/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pages_of_the_rules_that_the_model_recommends_with(reader):
    summary = get(reader, "summary")
    assert summary["has_rules"]
    assert summary["nouns"]["items"] == "films"
    assert "weight" in {one["name"] for one in summary["measures"]}
    page = get(reader, "rules", sort="weight", limit=3)
    assert page["n_found"] == page["n_rules"] == summary["n_rules"] > 3
    weights = [rule["measures"]["weight"] for rule in page["rules"]]
    assert weights == sorted(weights, reverse=True)
    (highest,) = [one["maximum"] for one in summary["measures"] if one["name"] == "weight"]
    assert weights[0] == highest
    rule = page["rules"][0]
    assert get(reader, f"rules/{rule['rule_id']}") == rule
    item = rule["antecedents"][0]
    found = get(reader, "rules", antecedent=item["item_id"], text=item["title"].upper(), sort="weight")
    assert found["rules"][0] == rule


@pytest.mark.parametrize(
    ("parameters", "where", "message"),
    [
        ("colour=red", "colour", "There is no parameter 'colour'. There are text, item, "),
        ("min_colour=1", "min_colour", "There is no parameter 'min_colour'. There are text, item, "),
        ("min_lift=nan", "min_lift", "min_lift must be a finite number. Got 'nan'."),
        ("min_lift=1&min_lift=2", "min_lift", "'min_lift' is given 2 times."),
        ("limit=1&limit=1", "limit", "'limit' is given 2 times."),
        ("sort=colour", "sort", "sort must be one of antecedent_support, "),
        ("item=7777", "item", "item must be the id of an item of the rules. Got '7777'."),
        ("limit=1001", "limit", "Input should be less than or equal to 1000"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(reader, parameters, where, message):
    answer = reader.get(f"/explorer/rules?{parameters}")
    assert answer.status_code == 422
    (detail,) = answer.json()["error"]["details"]
    assert detail["where"] == where
    assert detail["message"].startswith(message)


def test_a_model_without_rules_says_so(serve, shelf):
    shelf.on_top = "2"
    client = serve()
    summary = get(client, "summary")
    assert (summary["has_rules"], summary["n_rules"], summary["recommender"]) == (False, 0, "popularity")
    answer = client.get("/explorer/rules")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_rules")


def test_the_explorer_can_be_turned_off(serve):
    client = serve(explorer=False)
    assert client.get("/explorer/summary").status_code == 404
    assert not client.get("/model").json()["has_explorer"]


def test_the_schema_names_the_bounds_of_the_measures(reader):
    schema = reader.get("/openapi.json").json()
    for path in ("rules", "points", "export"):
        names = {one["name"] for one in schema["paths"][f"/explorer/{path}"]["get"]["parameters"]}
        assert {"text", "item", "min_length", "min_lift", "max_lift", "min_weight"} <= names


@pytest.mark.parametrize("format", ["csv", "json", "graphml"])
def test_an_export_is_a_download_of_all_rules_found(reader, format):
    n_found = get(reader, "rules", min_lift=1.5)["n_found"]
    answer = reader.get("/explorer/export", params={"format": format, "min_lift": 1.5})
    assert answer.headers["content-disposition"] == f'attachment; filename="rules.{format}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    rule = {"csv": "\n", "json": '"rule_id"', "graphml": ">rule<"}[format]
    assert answer.text.count(rule) - (format == "csv") == n_found > 0
    assert reader.get("/explorer/export").status_code == 422  # without a format


def test_few_exports_are_written_at_the_same_time(serve):
    client = serve()
    free = client.app.state.exporting
    client.app.state.exporting = Semaphore(0)
    answer = client.get("/explorer/export?format=csv")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "60"
    client.app.state.exporting = free
    assert client.get("/explorer/export?format=csv").status_code == 200


def test_a_client_that_does_not_read_its_export_is_left(monkeypatch):
    monkeypatch.setattr(explorer, "EXPORT_SECONDS", 0.01)
    slots = Semaphore(1)

    async def receive():
        await Event().wait()

    async def send(message):
        if message.get("body"):
            await Event().wait()  # the client reads nothing

    scope = {"type": "http", "app": SimpleNamespace(state=SimpleNamespace(exporting=slots)), "method": "GET"}
    with pytest.raises(TimeoutError):
        asyncio.run(explorer.Download(iter([b"a part"]))(scope, receive, send))
    assert not slots.locked()


def test_points_are_columns(reader):
    points = get(reader, "points", limit=5, min_lift=1.0)
    assert points["n_found"] > 5
    assert all(len(points[name]) == 5 for name in ("rule_id", "support", "confidence", "lift"))
    rule = get(reader, f"rules/{points['rule_id'][2]}")
    assert [rule["measures"][name] for name in ("support", "lift")] == [
        points["support"][2],
        points["lift"][2],
    ]


def test_items_and_a_rule_that_is_not_there(reader):
    (item,) = get(reader, "items", search="toy story 2")["items"]
    assert (item["item_id"], item["title"]) == (10, "Toy Story 2 (1999)")
    assert (item["display_title"], item["year"]) == ("Toy Story 2", 1999)
    assert item["n_rules"] == get(reader, "rules", item=10)["n_found"]
    assert reader.get("/explorer/rules/99999").json()["error"]["code"] == "unknown_rule"


def test_plotly_comes_from_its_package(reader):
    answer = reader.get("/explorer/static/plotly.min.js")
    assert answer.headers["cache-control"] == "public, max-age=604800"
    assert "javascript" in answer.headers["content-type"]
    assert b"plotly.js" in answer.content[:200]
