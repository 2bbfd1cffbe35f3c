"""Clients that are slow on purpose: their connections end, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
import uvicorn

from recsys.serving import slow_clients
from recsys.serving.settings import Settings
from recsys.serving.slow_clients import limited_protocol

LONG = 3600.0
LIVE = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"
HEADERS = b"host: localhost\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n"
POST = b"POST /recommend HTTP/1.1\r\n" + HEADERS


@pytest.fixture
def run(client):
    """Run a coroutine function beside a server with these limits; it is called with a way to connect."""

    def run(work, request_seconds=LONG, max_connections=100):
        async def serve():
            async with served(client.app, request_seconds, max_connections) as (connect, _):
                await asyncio.wait_for(work(connect), 30)

        asyncio.run(serve())

    return run


@asynccontextmanager
async def served(app, request_seconds, max_connections):
    writers = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        http = limited_protocol(request_seconds, max_connections)
        config = uvicorn.Config(app, http=http, ws="none", lifespan="off", log_level="error", loop="asyncio")
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup([listening])

        async def connect(first=b""):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writers.append(writer)
            writer.write(first)
            await writer.drain()
            return reader, writer

        connect.protocol = http
        try:
            yield connect, server
        finally:
            for writer in writers:
                writer.transport.abort()
            server.should_exit = True
            await server.shutdown([listening])


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def closed(reader):
    """Wait until the server closes; return what it sent before."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "sent",
    [b"", POST[:26], b"GET /health/live HTTP/1.1\r\nx-a: b", b"\r\n", POST, POST + b'{"item'],
    ids=["nothing", "first line", "headers", "empty line", "no body", "body"],
)
def test_a_request_that_does_not_arrive_is_closed(run, caplog, sent):
    async def work(connect):
        reader, _ = await connect(sent)
        assert await closed(reader) == b""

    run(work, request_seconds=0.05)
    assert caplog.text == ""


def test_bytes_that_trickle_in_do_not_prolong_the_time(run):
    async def work(connect):
        reader, writer = await connect(b"GET /health/live HTTP/1.1\r\n")
        ended = asyncio.ensure_future(closed(reader))
        while not ended.done():  # each well within the time
            writer.write(b"x-a: b\r\n")
            await asyncio.wait([ended], timeout=0.001)
        assert await ended == b""

    run(work, request_seconds=0.05)


def test_the_second_request_of_a_connection_has_its_time_too(run):
    async def work(connect):
        reader, writer = await connect(LIVE)
        assert (await answer(reader))[0] == 200
        connect.protocol.request_seconds = 0.05  # the first one has as long as it takes
        writer.write(LIVE[:20])
        assert await closed(reader) == b""

    run(work)


def test_requests_that_arrive_are_not_timed(run):
    """One after the other, two at once, and one in pieces: none of their times goes on."""

    async def work(connect):
        reader, writer = await connect(LIVE)
        assert (await answer(reader))[0] == 200
        writer.write(LIVE + LIVE)
        assert [(await answer(reader))[0] for _ in range(2)] == [200, 200]
        for piece in (POST[:30], POST[30:], b'{"items"', b":[]}"):
            writer.write(piece)
            await writer.drain()
        assert (await answer(reader))[0] == 200

    run(work)


def test_live_answers_while_slow_clients_hold_all_connections(run):
    """The one that has waited longest makes way; one that is answered is not closed."""

    async def work(connect):
        slow = [await connect(LIVE[:20]) for _ in range(5)]
        for _ in range(12):  # more than there may be
            reader, _ = await connect(LIVE)
            status, body = await answer(reader)
            assert (status, body) == (200, b'{"status":"ok"}')
        assert [await closed(reader) for reader, _ in slow] == [b""] * 5

    run(work, max_connections=5)


def test_a_request_that_arrives_at_the_end_of_the_service_is_answered(client, monkeypatch):
    """Its connection ends with the response, a waiting one soon."""
    monkeypatch.setattr(slow_clients, "LAST_SECONDS", 0.05)

    async def work():
        async with served(client.app, LONG, 100) as (connect, server):
            (late, writer), (waiting, _) = [await connect(LIVE) for _ in range(2)]
            assert [(await answer(reader))[0] for reader in (late, waiting)] == [200, 200]
            new, _ = await connect()
            await asyncio.sleep(0)
            ending = asyncio.ensure_future(server.shutdown())
            await asyncio.sleep(0)
            assert not server.servers[0].is_serving()
            writer.write(LIVE)
            response = await closed(late)
            assert response.startswith(b"HTTP/1.1 200 ")
            assert b"\r\nconnection: close\r\n" in response
            assert [await closed(reader) for reader in (waiting, new)] == [b"", b""]
            await ending

    asyncio.run(asyncio.wait_for(work(), 30))


def test_one_more_than_the_service_works_for_is_closed(run, client, monkeypatch):
    service, at_work = client.app.state.service, asyncio.Event()

    async def work(connect):
        release, loop = asyncio.Event(), asyncio.get_running_loop()

        def recommend(asked):
            loop.call_soon_threadsafe(at_work.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(20)
            return {}

        monkeypatch.setattr(service, "recommend", recommend)
        body = b'{"titles":["Heat"]}'
        busy, _ = await connect(POST.replace(b": 12", f": {len(body)}".encode()) + body)
        await at_work.wait()
        one_more, _ = await connect(LIVE)
        assert await closed(one_more) == b""
        release.set()
        assert (await answer(busy))[0] == 200

    run(work, max_connections=1)


def test_the_settings():
    protocol = limited_protocol(Settings().request_seconds, Settings().max_connections)
    assert (protocol.request_seconds, protocol.max_connections) == (20.0, 500)
