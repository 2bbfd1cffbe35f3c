"""Requests that have arrived together do not keep others waiting until all of them are answered."""

import asyncio
import json

from recsys.serving.turns import PER_ROUND

BODY = json.dumps({"items": [0], "k": 2}).encode()


async def ask(app, method, path, answered, body=b""):
    """Send a request to the application; note its path when the response begins."""
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers,
        "scheme": "http", "client": ("127.0.0.1", 1), "server": ("localhost", 80), "state": {},
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            answered.append((path, message["status"]))

    await app(scope, receive, send)


def test_health_overtakes_recommendations_that_wait(reader):
    answered = []

    async def overload():
        many = [ask(reader.app, "POST", "/recommend", answered, BODY) for _ in range(20)]
        many += [ask(reader.app, "GET", "/items/0/similar", answered) for _ in range(20)]
        await asyncio.gather(*many, ask(reader.app, "GET", "/health/live", answered))

    asyncio.run(overload())
    assert [status for _, status in answered] == [200] * 41
    assert answered.index(("/health/live", 200)) <= 2 * PER_ROUND
    assert [path for path, _ in answered if path == "/recommend"] == ["/recommend"] * 20
