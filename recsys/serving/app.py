"""The application: endpoints, page and what is around them."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from recsys.feedback import FeedbackStore
from recsys.serving.api import STATIC, WRITING, router
from recsys.serving.errors import add_handlers
from recsys.serving.follower import Follower
from recsys.serving.middleware import AllowedHosts, Observed
from recsys.serving.openapi import add_limits
from recsys.serving.secret import read_secret
from recsys.serving.service import Service
from recsys.serving.settings import Settings
from recsys.serving.signed_list import ListSigner


def create_app(settings: Settings, follower: Follower, store: FeedbackStore) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings : Settings
    follower : Follower
        Followed from start to end of the application. What it serves before is for the caller to load.
    store : FeedbackStore
        Closed at the end.

    Raises
    ------
    recsys.errors.RecsysError
        If there is no secret to sign lists with; see `recsys.serving.secret.read_secret`.
    """
    signer = ListSigner(read_secret(settings, store), settings.list_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        follower.start()
        yield
        follower.stop()
        store.close()

    app = FastAPI(
        title="recsys",
        version=version("recsys-rules"),
        description="Recommendations with their reasons, and feedback on them.",
        lifespan=lifespan,
        # They load programs from elsewhere, which the policy of the page forbids.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service = Service(settings, follower, store, signer)
    app.state.writing = Semaphore(WRITING)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    add_handlers(app)
    add_limits(app, settings)
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
