"""The application: endpoints, page and middleware."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from recsys.feedback import FeedbackStore
from recsys.serving import api_page, explorer, schemas
from recsys.serving.api import STATIC, router
from recsys.serving.direct_routes import DirectRoutes
from recsys.serving.errors import HANDLERS
from recsys.serving.explorer_content import ExplorerContent
from recsys.serving.middleware import AllowedHosts, Observed
from recsys.serving.openapi import described
from recsys.serving.reloader import ModelReloader
from recsys.serving.secret import read_secret
from recsys.serving.service import Service
from recsys.serving.settings import Settings
from recsys.serving.signed_list import ListSigner
from recsys.serving.strict_json import prepare
from recsys.serving.turns import Turns

MAX_WRITING = 10  # thumbs written at the same time, of the 40 threads


def create_app(
    settings: Settings,
    reloader: ModelReloader,
    store: FeedbackStore | None,
    run: ExplorerContent | None = None,
) -> FastAPI:
    """Create the application, which runs the reloader and closes the store at its end.

    Without a store it takes no feedback. The explorer shows the rules of `run`, or else those of the model.

    Raises
    ------
    recsys.errors.RecsysError
        If there is no secret; see `recsys.serving.secret.read_secret`.
    """
    signer = ListSigner(read_secret(settings, store), settings.list_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reloader.start()
        _build_routes(app)
        yield
        reloader.stop()
        if store is not None:
            store.close()

    app = FastAPI(
        title="recsys",
        version=version("recsys-rules"),
        description="Recommendations with their reasons, and feedback on them.",
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        # FastAPI's pages load scripts from elsewhere, which the content security policy forbids.
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service = Service(settings, reloader, store, signer, run)
    app.state.writing = Semaphore(MAX_WRITING)
    app.state.turns = Turns()
    prepare(schemas.RecommendResponse, schemas.BatchResponse, schemas.SimilarResponse)
    app.include_router(router)
    api_page.mount(app)
    # The pages share combobox.js with the explorer.
    app.mount("/static", StaticFiles(directory=STATIC, packages=[("recsys.explorer", "static")]))
    if settings.explorer:
        app.state.exporting = Semaphore(explorer.MAX_EXPORTS)
        app.include_router(explorer.router)
        app.mount("/explorer/static", StaticFiles(directory=explorer.STATIC))
    app.openapi = partial(described, app.openapi, service)  # type: ignore[method-assign]
    # The last one is the outermost.
    app.add_middleware(DirectRoutes, routes=router.routes)
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


def _build_routes(app: FastAPI) -> None:
    """Build the routes of included routers: otherwise the first request waits for that, 80 ms."""
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "headers": []})
