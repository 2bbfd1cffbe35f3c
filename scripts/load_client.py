"""A load generator for HTTP/1.1 on loopback.

It reads and writes plain bytes, to use little of the processor that it shares with the server.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

GRACE = 5.0  # seconds to wait for open responses at the end


@dataclass
class Load:
    """Results of the requests.

    Attributes
    ----------
    milliseconds : list of float
        Latency: from the moment a request was due until its response was read.
    failed : list of str
        Errors, and responses with a status other than 200.
    unsent : int
        Requests that were due but had found no free connection at the end.
    seconds, processor : float
        Wall seconds, and processor seconds of the client.
    """

    milliseconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unsent: int = 0
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Responses per second."""
        return len(self.milliseconds) / self.seconds

    def figures(self) -> dict[str, float]:
        """Return the figures to print, rounded."""
        values = sorted(self.milliseconds) or [float("nan")]
        quantiles = {name: values[int(q * (len(values) - 1))] for name, q in (("p50", 0.5), ("p99", 0.99))}
        return {
            "requests_a_second": round(self.rate, 1),
            **{f"{name}_ms": round(value, 2) for name, value in quantiles.items()},
            "max_ms": round(values[-1], 2),
            "failed": len(self.failed) + self.unsent,
            "client_processor": round(self.processor / self.seconds, 2),
        }


def request(path: str, content: Any = None) -> bytes:
    """Return the bytes of a request: a POST of JSON, or a GET without content."""
    if content is None:
        return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class Connection:
    """A persistent connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, content: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body."""
        self.writer.write(content)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        start = head.index(b"content-length:") + len(b"content-length:")
        length = int(head[start : head.index(b"\r\n", start)])
        return int(head[9:12]), await self.reader.readexactly(length)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """Open a connection and close it at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def at_rate(
    port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int = 16
) -> Load:
    """Send requests at a constant rate; the waiting time of late requests counts as latency."""
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    async def work(load: Load) -> None:
        async with connected(port) as connection:
            while (next_one := await due.get()) is not None:
                await _timed(load, connection, *next_one)

    async def put() -> None:
        start = perf_counter()
        for number in range(int(rate * seconds)):
            when = start + number / rate
            if (pause := when - perf_counter()) > 0:
                await asyncio.sleep(pause)
            due.put_nowait((when, requests[number % len(requests)]))
        for _ in range(connections):
            due.put_nowait(None)

    load = await _measured([work] * connections, seconds, put())
    load.unsent = sum(due.get_nowait() is not None for _ in range(due.qsize()))
    return load


async def one_after_the_other(
    port: int, requests: Sequence[bytes], seconds: float, connections: int = 1
) -> Load:
    """Send the next request on each connection when the response has arrived."""

    async def work(load: Load) -> None:
        number, end = 0, perf_counter() + seconds
        async with connected(port) as connection:
            while (now := perf_counter()) < end:
                await _timed(load, connection, now, requests[number % len(requests)])
                number += 1

    return await _measured([work] * connections, seconds)


async def _timed(load: Load, connection: Connection, since: float, content: bytes) -> None:
    status, body = await connection.send(content)
    if status == 200:
        load.milliseconds.append(1000 * (perf_counter() - since))
    else:
        load.failed.append(f"{status}: {body[:200]!r}")


async def _measured(
    workers: Sequence[Callable[[Load], Coroutine[Any, Any, None]]],
    seconds: float,
    *others: Coroutine[Any, Any, None],
) -> Load:
    load = Load()
    start, worked = perf_counter(), process_time()
    tasks = [asyncio.ensure_future(one) for one in (*(worker(load) for worker in workers), *others)]
    done, late = await asyncio.wait(tasks, timeout=seconds + GRACE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    load.seconds, load.processor = perf_counter() - start, process_time() - worked
    load.failed += [repr(error) for task in done if (error := task.exception())]
    return load


def run(work: Coroutine[Any, Any, Load]) -> Load:
    """Run a load to its end."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)
