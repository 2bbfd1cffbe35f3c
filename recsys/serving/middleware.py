"""Around all endpoints: which names the service may be called by, headers, and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.serving.errors import error_response
from recsys.serving.metrics import Metrics

# The page needs its own files and nothing else.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
HEALTH = ("/health/live", "/health/ready")
OTHER = "other"  # the route of what there is not; its path is whatever somebody thought of


class AllowedHosts:
    """Refuses requests that call the service by a name that is not among its own.

    A page from elsewhere could else reach a service on this machine by having its own name point here.
    (Starlette's middleware answers in text; this in the shape of all errors.)

    Its health it tells under any name: who asks for it, such as Docker, calls an address.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self.app, self.allowed_hosts = app, frozenset(map(_bare, allowed_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        checked = scope["type"] == "http" and scope["path"] not in HEALTH and "*" not in self.allowed_hosts
        if checked:
            host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
            name, _, port = host.rpartition(":")
            if _bare(name if port.isdecimal() and name else host) not in self.allowed_hosts:
                message = (
                    f"The service is not called {host[:200]!r}. Its names are the setting allowed_hosts."
                )
                await error_response(400, "host_not_allowed", message)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _bare(host: str) -> str:
    """Return a name in lower case, an IPv6 address without its brackets: Kubernetes tells it so."""
    inside = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return inside.lower()


class Observed:
    """Adds the headers to each response, and notes it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message["headers"])
                present = {name for name, _ in headers}  # in lower case, as ASGI has them
                headers += [header for header in RAW_HEADERS if header[0] not in present]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path_format", OTHER)
            self.metrics.observe(scope["method"], route, status, perf_counter() - started)
