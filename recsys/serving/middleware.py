"""Middleware of all endpoints: allowed host names, security headers and metrics."""

from collections.abc import Sequence
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.serving.errors import ApiError, quoted
from recsys.serving.metrics import Metrics

# The page loads its own files and nothing else.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-cache",
}
HEALTH = ("/health/live", "/health/ready")
OTHER = "other"  # route of all unknown paths


class AllowedHosts:
    """Refuses requests with a foreign host name: the name of another page could resolve to this machine.

    Starlette's TrustedHostMiddleware answers in plain text, redirects to www, and has no exceptions. Health
    is reported under any name, because Docker and Kubernetes use an address.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self.app, self.allowed_hosts = app, frozenset(map(_normalized, allowed_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process a request."""
        app = self.app
        if scope["type"] == "http" and scope["path"] not in HEALTH and "*" not in self.allowed_hosts:
            host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
            name, _, port = host.rpartition(":")
            if _normalized(name if port.isdecimal() and name else host) not in self.allowed_hosts:
                message = (
                    f"The service is not called {quoted(host)}. Its names are the setting allowed_hosts."
                )
                app = ApiError(400, "host_not_allowed", message).response()
        await app(scope, receive, send)


def _normalized(host: str) -> str:
    """Return a name in lower case, an IPv6 address without brackets, as Kubernetes writes it."""
    inside = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return inside.lower()


class Observed:
    """Adds the security headers to each response, and counts it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = dict(message["headers"])  # ASGI has names in lower case
                missing = [header for header in HEADERS.items() if header[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path_format", OTHER)
            self.metrics.observe(scope["method"], route, status, perf_counter() - started)
