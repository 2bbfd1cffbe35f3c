"""Input that is meant to hurt."""

from __future__ import annotations

import json
import logging
import math
import time
from collections import Counter

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from recsys.models.bundle import Recommendation
from recsys.recommenders import Reason
from recsys.serving.schemas import Recommendations
from recsys.serving.strict_json import deeper_than, json_response

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)


def post(client, body, path="/recommend", **headers):
    return client.post(path, content=body, headers={"content-type": "application/json", **headers})


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_body_over_the_limit(reader):
    million = json.dumps({"items": [0] * 1_000_000})
    assert code(post(reader, million)) == (413, "too_large")
    in_pieces = (b" " * 65_536 for _ in range(32))
    assert code(post(reader, in_pieces)) == (413, "too_large")
    assert reader.get("/health/live").status_code == 200


def test_a_million_items_within_a_larger_limit(serve):
    client = serve(max_body_bytes=10_000_000)
    assert code(post(client, json.dumps({"items": [0] * 1_000_000}))) == (422, "over_limit")
    wrong = post(client, json.dumps({"items": [None] * 1_000_000}))
    assert code(wrong) == (422, "invalid_request")
    assert len(wrong.content) < 4000


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"items":['])
def test_deep_json(reader, opening):
    body = opening * (250_000 // len(opening))
    started = time.process_time()
    assert code(post(reader, body)) == (400, "too_deep")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        (b"3", 0),
        (b'{"a": [1, [2]], "b": {}}', 3),
        (b"[[[[", 4),
        (b"[],[],[],[],[]", 1),
        (rb'["[[[[[[", "\"[[[[[["]', 1),
        (b'"[[[[[[', 0),
        (b'["' + b'\\"[' * 100_000 + b"\\", 1),
    ],
)
def test_depth(text, depth):
    assert not deeper_than(depth, text)
    assert depth == 0 or deeper_than(depth - 1, text)


@pytest.mark.parametrize("part", ["null,", '"",', "[],", '{"a":0},', "0.5,"])
def test_a_body_full_of_mistakes_takes_no_time(reader, part):
    n = 250_000 // len(part)
    bodies = {
        "/recommend": '{"items":[%s0]}',
        "/recommend?history": '{"history":[[%s0]]}',
        "/recommend?exclude": '{"items":[],"exclude_items":[%s0]}',
        "/recommend/batch": '{"users":[%s0]}',
        "/feedback": "[%s0]",
    }
    for path, body in bodies.items():
        started = time.process_time()
        assert post(reader, body % (part * n), path).status_code == 422
        assert time.process_time() - started < 1
    answer = post(reader, json.dumps({f"x{number}": 0 for number in range(18_000)}))
    assert answer.json()["error"]["message"].startswith("The request: there is no field 'x0'")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"items": [0]', b"\xff\xfe", b'{"items": [' + b"9" * 5000 + b"]}", b'{"items": [\x00]}',
        b'{"items": [NaN]}', b'{"items": [Infinity]}', b'{"items": [1e999]}', b'{"titles": ["\\ud800"]}',
        b'{"items": [-9223372036854775809]}',
    ],
)  # fmt: skip
def test_no_json(reader, body):
    answer = post(reader, body)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_only_json_is_read_as_such(reader):
    # What another site's form can send without being asked.
    kinds = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "é"]
    for path in ("/recommend", "/recommend/batch", "/feedback"):
        for kind in kinds:
            headers = {"content-type": kind.encode()} if kind else {}
            answer = reader.post(path, content=b'{"items": []}', headers=headers)
            assert code(answer) == (415, "unsupported_media_type")
            message = answer.json()["error"]["message"]
            assert message.startswith("The content-type must be application/json. Got '")
            assert b"\n" not in answer.content
    answer = reader.post(
        "/recommend", content=b'{"items": []}', headers={"content-type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 200


def nested(place):
    """Return the schemas of a field: itself, and what it may be."""
    return place.get("anyOf", [place])


def test_the_limits_of_the_settings_are_those_of_the_schema(serve):
    limits = {"max_items": 4, "max_titles": 3, "max_k": 12, "max_batch": 2, "max_orders": 3}
    limits["max_categories"] = 2
    client = serve(**limits)
    schema = client.get("/openapi.json").json()
    assert client.get("/openapi.json").json() == schema

    def limit(name, field, keyword):
        place = schema["components"]["schemas"][name]["properties"][field]
        (found,) = [one[keyword] for one in nested(place) if keyword in one]
        return found

    def status(path, **body):
        return client.post(path, json=body).status_code

    title = ["Heat (1995)"]
    for extra, expected in ((0, 200), (1, 422)):
        for name in ("RecommendRequest", "Person"):
            n_items, n_titles = limit(name, "items", "maxItems"), limit(name, "titles", "maxItems")
            one = {"items": [0] * (n_items + extra)}
            other = {"titles": title * (n_titles + extra)}
            assert status("/recommend", **one) == status("/recommend", **other) == expected
            seen = {"items": [], "seen": [0] * (limit(name, "seen", "maxItems") + extra)}
            assert status("/recommend", **seen) == expected
            basket, orders, _ = schema["components"]["schemas"][name]["properties"]["history"]["anyOf"]
            assert status("/recommend", history=[0] * (basket["maxItems"] + extra)) == expected
            assert status("/recommend", history=[[0]] * (orders["maxItems"] + extra)) == expected
            assert status("/recommend", history=[[]] * (orders["maxItems"] + extra)) == expected
            in_orders = [[0], [0] * (orders["items"]["maxItems"] - 1 + extra)]
            assert status("/recommend", history=in_orders) == expected
            assert status("/recommend/batch", users=[one]) == expected
        n_users = limit("BatchRequest", "users", "maxItems") + extra
        assert status("/recommend/batch", users=[{"items": []}] * n_users) == expected
        for name, path, body in (
            ("RecommendRequest", "/recommend", {"items": []}),
            ("BatchRequest", "/recommend/batch", {"users": []}),
        ):
            assert status(path, k=limit(name, "k", "maximum") + extra, **body) == expected
            most = limit(name, "max_per_category", "maximum") + extra
            assert status(path, max_per_category=most, **body) == expected
            for field, value in (("exclude_items", 0), ("only_items", 0), ("categories", "War")):
                given = {field: [value] * (limit(name, field, "maxItems") + extra)}
                assert status(path, **given, **body) == expected
        parameters = schema["paths"]["/items/{item_id}/similar"]["get"]["parameters"]
        (k,) = [one["schema"]["maximum"] for one in parameters if one["name"] == "k"]
        assert client.get(f"/items/0/similar?k={k + extra}").status_code == expected
        for field, value in (("exclude_items", 0), ("only_items", 0), ("categories", "War")):
            (most,) = [one["schema"]["maxItems"] for one in parameters if one["name"] == field]
            query = "&".join([f"{field}={value}"] * (most + extra))
            assert client.get(f"/items/0/similar?{query}").status_code == expected


def test_names_in_a_query_are_checked_as_those_in_a_body(reader):
    answer = reader.get("/items/0/similar?exclude_items=a%00b")
    assert (answer.status_code, answer.json()["error"]["details"][0]["where"]) == (422, "exclude_items")


def test_everything_in_a_request_has_a_limit_in_the_schema(reader):
    """No list, no text and no number without an end."""
    schema = reader.get("/openapi.json").json()
    endless = []

    def look(place, where):
        for one in nested(place):
            if "$ref" in one:
                name = one["$ref"].rpartition("/")[2]
                look({"type": "object", **schema["components"]["schemas"][name]}, name)
            for name, field in one.get("properties", {}).items():
                look(field, f"{where}.{name}")
            if "items" in one:
                look(one["items"], f"{where}[]")
            wanted = {"array": ("maxItems",), "string": ("maxLength", "enum", "const")}
            wanted["integer"] = ("maximum", "exclusiveMaximum")
            keywords = wanted.get(one.get("type"), ())
            if keywords and not set(keywords) & set(one):
                endless.append(where)

    for path, operations in schema["paths"].items():
        for operation in operations.values():
            for one in operation.get("parameters", []):
                look(one["schema"], f"{path} {one['name']}")
            body = operation.get("requestBody", {}).get("content", {})
            for one in body.values():
                look(one["schema"], path)
    assert endless == []


@pytest.mark.parametrize(
    ("path", "body", "where", "message"),
    [
        ("/recommend", {"items": [1, 2, None]}, "items[2]", "Input should be a valid integer, or input"),
        ("/recommend", {"items": [1, {"items": 3}]}, "items[1]", "Input should be a valid integer, or"),
        ("/recommend", {"user_id": {}}, "user_id", "Input should be a valid integer, or input should"),
        ("/recommend", {"titles": ["a", "\0"]}, "titles[1]", "String should match pattern"),
        ("/recommend", {"titles": ["Heat (1995)", "no such film"]}, "titles[1]", "titles[1]: "),
        ("/recommend", {"items": [], "k": "x"}, "k", "Input should be a valid integer"),
        ("/recommend", [1], "", "Input should be a valid dictionary"),
        ("/recommend", {"history": [[0], [10, None]]}, "history[1][1]", "Input should be a"),
        ("/recommend", {"history": [[0], 10]}, "history[1]", "Input should be a valid list"),
        ("/recommend", {"history": [0, [10]]}, "history[1]", "Input should be a valid integer, or"),
        ("/recommend", {"history": [[0], [7]]}, "history[1][0]", "history[1][0]: no item has the id 7."),
        ("/recommend", {"history": [[[0]]]}, "history[0][0]", "Input should be a valid integer, or"),
        ("/recommend", {"history": "0"}, "history", "Input should be a valid list"),
        ("/recommend", {"items": [], "only_items": []}, "only_items", "List should have at least 1 item"),
        ("/recommend", {"items": [], "only_items": [0, 7]}, "only_items[1]", "only_items[1]: no item has"),
        ("/recommend", {"items": [], "exclude_items": [7]}, "exclude_items[0]", "exclude_items[0]: no item"),
        ("/recommend", {"items": [], "exclude_items": None}, "exclude_items", "Input should be a valid list"),
        ("/recommend", {"items": [], "categories": []}, "categories", "List should have at least 1 item"),
        ("/recommend", {"items": [], "categories": ["War", "Wr"]}, "categories[1]",
         "categories[1]: there is no category 'Wr'. Similar: 'War'."),
        ("/recommend", {"items": [], "max_per_category": 0}, "max_per_category", "Input should be greater"),
        ("/recommend", {"items": [], "max_per_category": True}, "max_per_category", "Input should be a"),
        ("/recommend/batch", {"users": [{"history": [[0], [7]]}]}, "users[0].history[1][0]", "users[0]."),
        ("/recommend/batch", {}, "users", "Field required"),
        ("/recommend/batch", {"users": [{"items": []}, 3]}, "users[1]", "Input should be a valid dictionary"),
        ("/recommend/batch", {"users": [{"items": [0, 1.5]}]}, "users[0].items[1]", "Input should be a"),
        ("/recommend/batch", {"users": [{"titles": ["no such film"]}]}, "users[0].titles[0]", "users[0]."),
        ("/feedback", {"user_id": "a", "item_id": 1, "verdict": "up"}, "signed_list", "Field required"),
    ],
)  # fmt: skip
def test_errors_name_the_field_as_the_sender_writes_it(reader, path, body, where, message):
    (detail,) = reader.post(path, json=body).json()["error"]["details"] or [{"where": "", "message": message}]
    assert detail["where"] == where
    assert detail["message"].startswith(message)


def test_hosts(serve):
    client = serve()
    assert client.get("/model", headers={"host": "localhost"}).status_code == 200
    assert client.get("/model", headers={"host": "[::1]:8000"}).status_code == 200
    for host in ("evil.example", "localhost.evil.example:8000", "", "localhost:8000:1", "a" * 5000):
        answer = client.get("/model", headers={"host": host})
        assert code(answer) == (400, "host_not_allowed")
        assert len(answer.content) < 600
    cased = serve(allowed_hosts=("Recsys.Example",))  # browsers send it in lower case
    for host in ("recsys.example", "Recsys.example:8000"):
        assert cased.get("/model", headers={"host": host}).status_code == 200
    for allowed in ("fd00::A7", "[fd00::a7]"):  # Kubernetes tells a pod its address without brackets
        pod = serve(allowed_hosts=("localhost", allowed))
        for host in ("[fd00::a7]:8000", "[FD00::A7]"):
            assert pod.get("/model", headers={"host": host}).status_code == 200
        for host in ("[fd00::a8]:8000", "[fd00::a7", "fd00::a7]:8000"):
            assert code(pod.get("/model", headers={"host": host})) == (400, "host_not_allowed")
    for path in ("/health/live", "/health/ready"):
        assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
    anywhere = serve(allowed_hosts=("*",))
    assert anywhere.get("/model", headers={"host": "evil.example"}).status_code == 200


def test_other_origins_are_closed_out(serve):
    headers = {"origin": "https://other.example", "access-control-request-method": "POST"}
    closed = serve()
    assert "access-control-allow-origin" not in closed.get("/model", headers=headers).headers
    assert closed.options("/feedback", headers=headers).status_code == 405
    opened = serve(cors_origins=("https://other.example",))
    assert (
        opened.options("/feedback", headers=headers).headers["access-control-allow-origin"]
        == headers["origin"]
    )
    assert (
        "access-control-allow-origin"
        not in opened.get("/model", headers={"origin": "https://third.example"}).headers
    )


def test_headers(reader):
    for path in ("/", "/static/app.js", "/model", "/nothing"):
        headers = reader.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_what_is_not_finite_is_never_sent(client, monkeypatch):
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_response({"score": float("nan")})
    endless = Reason((), 1, 0.5, math.inf, 1.0)
    for score, reasons in ((math.nan, ()), (1.0, (endless,))):
        one = Recommendation(1, "Toy Story (1995)", score, "rule", reasons)
        with pytest.raises(ValueError, match="not JSON compliant"):
            json_response(Recommendations([], [], [one], ""))
    half = Recommendation(1, "\ud800", 1.0, "rule", ())
    assert b'"title":"?"' in json_response(Recommendations([], [], [half], "")).body
    assert json_response({"title": "\ud800"}).body == b'{"title":"?"}'
    service = client.app.state.service
    monkeypatch.setattr(service, "recommend", lambda body: {"score": float("inf")})
    assert code(client.post("/recommend", json={"items": []})) == (500, "internal_error")


def test_a_token_is_nowhere_in_the_logs(serve, caplog):
    caplog.set_level(logging.DEBUG)
    client = serve(feedback_token="s3cret-token")
    client.post("/feedback", json={}, headers={"authorization": "Bearer s3cret-token"})
    client.post("/feedback", content="{", headers={"authorization": "Bearer other-s3cret"})
    assert "s3cret" not in caplog.text
    assert "s3cret" not in repr(client.app.state.service.settings)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_schemathesis(serve, mode):
    """Whatever the schema allows, and much that it does not: answers that it describes, none of them 5xx."""
    client = serve(max_items=50, max_k=20, max_batch=5)
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    answered = Counter()

    def check(case):
        request = requests.Request(**case.as_transport_kwargs(base_url="http://localhost:8000")).prepare()
        answer = client.request(
            request.method, request.url, content=request.body, headers=dict(request.headers)
        )
        assert answer.status_code < 500, f"{case.as_curl_command()}: {answer.text}"
        headers = {name: [value] for name, value in answer.headers.items()}
        response = schemathesis.Response(answer.status_code, headers, answer.content, request, 0.0, False)
        case.validate_response(response, checks=CHECKS)
        answered[answer.status_code] += 1

    for operation in (one.ok() for one in schema.get_all_operations()):
        cases = operation.as_strategy(generation_mode=mode)
        if mode is GenerationMode.POSITIVE or operation.body or list(operation.iter_parameters()):
            EXAMPLES(given(cases)(check))()
    assert answered[200 if mode is GenerationMode.POSITIVE else 422] > 5
