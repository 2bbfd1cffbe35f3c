"""Slow clients: requests must arrive in time, and waiting connections make way for new ones.

uvicorn has no timeout for incomplete requests, and once slow clients hold all connections, its
`limit_concurrency` also refuses /health/live. At the end of the service, it closes waiting connections at
once, and loses the requests that are on their way.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LAST_SECONDS = 0.5  # from the end of the service to that of waiting connections; drain_seconds are at least 1


class _LimitedProtocol(HttpToolsProtocol):
    request_seconds: float
    max_connections: int

    _deadline: asyncio.TimerHandle | None = None
    _waiting_since: float | None = None  # None while the service works on a request
    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        has_room = len(self.connections) < self.max_connections or self._close_longest_waiting()
        super().connection_made(transport)
        if not has_room:
            transport.abort()
            return
        self._waiting_since = self.loop.time()
        self._start_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._start_time()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._ending:
            self.cycle.keep_alive = False  # the response says so

    def on_message_complete(self) -> None:
        self._stop_time()
        if not self.cycle.response_complete:  # a request can be answered before it has arrived
            self._waiting_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # unless the next one has already arrived
            self._waiting_since = self.loop.time()

    def shutdown(self) -> None:
        """End the connection, which answers one more request if that arrives in `LAST_SECONDS`."""
        self._ending = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LAST_SECONDS, super().shutdown)
        else:
            super().shutdown()

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
            if isinstance(one, _LimitedProtocol) and one._waiting_since is not None
        ]
        if not waiting:
            return False
        _, longest = min(waiting, key=lambda pair: pair[0])
        self.connections.discard(longest)  # at once: more may come before it is lost
        longest.transport.abort()
        return True


def limited_protocol(request_seconds: float, max_connections: int) -> type[HttpToolsProtocol]:
    """Return HTTP/1.1 with limits, for `uvicorn.Config(http=...)`.

    A request must arrive within `request_seconds`, from its first byte, for the first one from the
    connection, to its last byte. Of more than `max_connections`, the one that has waited longest for its
    client is closed; if the service works for all of them, the new one.
    """
    limits = {"request_seconds": request_seconds, "max_connections": max_connections}
    return type("LimitedProtocol", (_LimitedProtocol,), limits)
