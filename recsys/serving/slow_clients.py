"""Slow clients: requests must arrive in time, and waiting connections make way for new ones.

uvicorn has no timeout for incomplete requests, and once slow clients hold all connections, its
`limit_concurrency` also refuses /health/live.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class LimitedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests arrive within `request_seconds`, over at most `max_connections`.

    The time of a request runs from its first byte, for the first one from the connection, to its last byte.
    If there are too many connections, the one that has waited longest for its client is closed; if the
    service works for all of them, the new one.
    """

    request_seconds = 20.0
    max_connections = 500

    _deadline: asyncio.TimerHandle | None = None
    _waiting_since: float | None = None  # None while the service works on a request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for the connection, and start the time of its first request."""
        has_room = len(self.connections) < self.max_connections or self._close_longest_waiting()
        super().connection_made(transport)
        if not has_room:
            transport.abort()
            return
        self._waiting_since = self.loop.time()
        self._start_time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._stop_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the time of a request with its first byte."""
        if self._deadline is None:
            self._start_time()
        super().data_received(data)

    def on_message_complete(self) -> None:
        """Stop the time of the request."""
        self._stop_time()
        if not self.cycle.response_complete:  # a request can be answered before it has arrived
            self._waiting_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.cycle.response_complete:  # unless the next one has already arrived
            self._waiting_since = self.loop.time()

    def _start_time(self) -> None:
        # Abort, because close would wait until the client has read everything.
        self._deadline = self.loop.call_later(self.request_seconds, self.transport.abort)

    def _stop_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close_longest_waiting(self) -> bool:
        waiting = [
            (one._waiting_since, one)
            for one in self.connections
            if isinstance(one, LimitedProtocol) and one._waiting_since is not None
        ]
        if not waiting:
            return False
        _, longest = min(waiting, key=lambda pair: pair[0])
        self.connections.discard(longest)  # at once: more may come before it is lost
        longest.transport.abort()
        return True


def limited_protocol(request_seconds: float, max_connections: int) -> type[LimitedProtocol]:
    """Return the protocol with these limits, for `uvicorn.Config(http=...)`."""
    limits: dict[str, Any] = {"request_seconds": request_seconds, "max_connections": max_connections}
    return type("LimitedProtocol", (LimitedProtocol,), limits)
