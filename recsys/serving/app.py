"""The application: endpoints, page and middleware."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from recsys.feedback import FeedbackStore
from recsys.serving.api import STATIC, router
from recsys.serving.errors import HANDLERS
from recsys.serving.middleware import AllowedHosts, Observed
from recsys.serving.reloader import ModelReloader
from recsys.serving.secret import read_secret
from recsys.serving.service import Service
from recsys.serving.settings import Settings
from recsys.serving.signed_list import ListSigner

MAX_WRITING = 10  # thumbs written at the same time, of the 40 threads


def create_app(settings: Settings, reloader: ModelReloader, store: FeedbackStore) -> FastAPI:
    """Create the application, which runs the reloader and closes the store at its end.

    Raises
    ------
    recsys.errors.RecsysError
        If there is no secret; see `recsys.serving.secret.read_secret`.
    """
    signer = ListSigner(read_secret(settings, store), settings.list_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reloader.start()
        yield
        reloader.stop()
        store.close()

    app = FastAPI(
        title="recsys",
        version=version("recsys-rules"),
        description="Recommendations with their reasons, and feedback on them.",
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        # These pages load scripts from elsewhere, which the content security policy forbids.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service = Service(settings, reloader, store, signer)
    app.state.writing = Semaphore(MAX_WRITING)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    _add_limits(app, settings)
    # The last one is the outermost.
    app.add_middleware(AllowedHosts, allowed_hosts=settings.allowed_hosts)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
    app.add_middleware(Observed, metrics=service.metrics)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return app


def _add_limits(app: FastAPI, settings: Settings) -> None:
    """Add the limits of the settings to OpenAPI."""
    describe = app.openapi
    limits = {
        "items": ("maxItems", settings.max_items),
        "seen": ("maxItems", settings.max_items),
        "titles": ("maxItems", settings.max_titles),
        "users": ("maxItems", settings.max_batch),
        "k": ("maximum", settings.max_k),
    }

    def openapi() -> dict[str, Any]:
        schema = describe()
        models, similar = schema["components"]["schemas"], schema["paths"]["/items/{item_id}/similar"]["get"]
        fields = [(one["name"], one["schema"]) for one in similar["parameters"]]
        for name in ("RecommendRequest", "Person", "BatchRequest"):
            fields += models[name]["properties"].items()
        for name, field in fields:
            if name in limits:
                keyword, limit = limits[name]
                field.get("anyOf", [field])[0][keyword] = limit  # the other one is null
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
