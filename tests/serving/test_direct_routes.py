"""POST requests of JSON, which FastAPI's router does not see, are answered as if it did."""

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from recsys.serving import strict_json
from recsys.serving.api import router
from recsys.serving.direct_routes import DirectRoutes
from recsys.serving.schemas import Health

BODIES = {
    "valid": {"json": {"items": [0], "k": 2}},
    "of unknown fields": {"json": {"nothing": 1}},
    "not JSON": {"content": "{", "headers": {"content-type": "application/json"}},
    "of another type": {"content": "{}", "headers": {"content-type": "text/plain"}},
}


@pytest.fixture
def without(reader, monkeypatch):
    """A client of the same service, where the router answers all requests."""

    async def to_the_router(direct, scope, receive, send):
        await direct.app(scope, receive, send)

    def ask(path, request):
        with monkeypatch.context() as patch:
            patch.setattr(DirectRoutes, "__call__", to_the_router)
            return reader.post(path, **request)

    return ask


def paths():
    return sorted(DirectRoutes(None, router.routes).routes)


def test_all_requests_with_a_body_are_direct():
    posts = [one.path for one in router.routes if "POST" in one.methods]
    assert paths() == sorted(posts)
    assert len(posts) == 3


@pytest.mark.parametrize("path", paths())
@pytest.mark.parametrize("name", BODIES)
def test_the_answer_is_that_of_the_router(reader, without, path, name):
    direct, routed = reader.post(path, **BODIES[name]), without(path, BODIES[name])
    assert (direct.status_code, dict(direct.headers).keys()) == (routed.status_code, routed.headers.keys())
    own = [one.json() | {"signed_list": None} for one in (direct, routed)]
    assert own[0] == own[1]


def test_direct_requests_count_under_their_route(reader):
    counted = 'recsys_requests_total{method="POST",route="/recommend",status="200"}'
    assert reader.post("/recommend", json={"items": [0]}).status_code == 200
    assert counted in reader.get("/metrics").text


@pytest.mark.parametrize("path", ["/recommend", "/recommend/batch", "/items/0/similar"])
def test_the_first_response_does_not_wait_for_its_serializer(reader, path):
    made = strict_json._adapter.cache_info().misses
    requests = {"/recommend": {"items": [0]}, "/recommend/batch": {"users": [{"items": [0]}]}}
    answer = reader.post(path, json=requests[path]) if path in requests else reader.get(path)
    assert answer.status_code == 200
    assert strict_json._adapter.cache_info().misses == made


def test_an_error_of_an_endpoint_reaches_the_log_of_the_server(reader, monkeypatch):
    def broken(body):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(reader.app.state.service, "recommend", broken)
    strict = TestClient(reader.app, base_url="http://localhost:8000")
    with pytest.raises(RuntimeError, match="no such thing"):
        strict.post("/recommend", json={"items": []})


def test_the_first_request_does_not_wait_for_the_routes(serve, monkeypatch):
    made, build = [], TypeAdapter.__init__
    monkeypatch.setattr(TypeAdapter, "__init__", lambda *a, **kw: made.append(a[1]) or build(*a, **kw))
    client = serve()
    assert len(made) > 10
    made.clear()
    assert client.get("/health/live").status_code == 200
    assert set(made) <= {Health}  # of the response
