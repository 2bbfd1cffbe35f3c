"""The endpoints of the explorer of rules."""

import pytest


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
