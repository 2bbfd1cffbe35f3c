"""The endpoints."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import ValidationError

from recsys.serving.errors import ApiError
from recsys.serving.schemas import (
    LONGEST_NAME,
    Asked,
    BatchRequest,
    BatchResponse,
    ErrorResponse,
    FeedbackRequest,
    FeedbackResponse,
    Health,
    ItemsResponse,
    ModelResponse,
    RecommendRequest,
    RecommendResponse,
    SimilarResponse,
)
from recsys.serving.service import Service
from recsys.serving.strict_json import deeper_than, json_response

STATIC = Path(__file__).parent / "static"
WRITING = 10  # thumbs that are written at once, of the 40 threads that there are
AT_ONCE: dict[str, type[Asked]] = {"/recommend": RecommendRequest}

_bearer = HTTPBearer(auto_error=False, description="Needed where RECSYS_FEEDBACK_TOKEN is set.")


class _Request(Request):
    """A request whose JSON is read within limits."""

    @property
    def content_type(self) -> str:
        """What the body is said to be; empty if the sender does not say."""
        return self.headers.get("content-type", "")

    @property
    def is_json(self) -> bool:
        """Whether that is JSON."""
        return self.content_type.partition(";")[0].strip().lower() == "application/json"

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):  # as Starlette keeps it
            self._body = await self._read()
        return self._body

    async def _read(self) -> bytes:
        limit = _service(self).settings.max_body_bytes
        announced = self.headers.get("content-length", "")
        body = bytearray()
        too_large = announced.isdecimal() and int(announced) > limit
        if not too_large:
            async for piece in self.stream():
                body += piece
                if too_large := len(body) > limit:
                    break
        if too_large:
            raise ApiError(413, "too_large", f"The body must be at most {limit:,} bytes (max_body_bytes).")
        return bytes(body)

    async def json(self) -> Any:
        body = await self.body()
        limit = _service(self).settings.max_depth
        if deeper_than(limit, body):
            raise ApiError(400, "too_deep", f"The JSON has brackets more than {limit} deep (max_depth).")
        try:
            return json.loads(body)
        except json.JSONDecodeError as error:
            raise ApiError(400, "invalid_json", f"The body is no JSON: {error}.") from error
        except (UnicodeDecodeError, ValueError) as error:
            message = "The body is no JSON: it must be UTF-8, with numbers of at most 4,300 digits."
            raise ApiError(400, "invalid_json", message) from error

    async def valid(self, model: type[Asked]) -> Asked | None:
        """Return the body as a model; None if there is anything to complain of."""
        body = await self.body()
        if deeper_than(_service(self).settings.max_depth, body):
            return None
        try:
            return model.model_validate_json(body)
        except ValidationError:
            return None


class _Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, endpoint, model = super().get_route_handler(), self.endpoint, AT_ONCE.get(self.path)

        async def handle_within_limits(request: Request) -> Response:
            request = _Request(request.scope, request.receive)
            if request.method == "POST" and not request.is_json:
                message = f"The content-type must be application/json. Got {request.content_type[:200]!r}."
                raise ApiError(415, "unsupported_media_type", message)
            # What is asked most goes straight to its endpoint, a third faster. What is wrong with a request,
            # FastAPI says.
            if model is not None and (asked := await request.valid(model)) is not None:
                response: Response = await endpoint(request, asked)
                return response
            return await handle(request)

        return handle_within_limits


def _errors(**descriptions: str) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's responses for statuses such as `e404="..."`."""
    return {int(key[1:]): {"model": ErrorResponse, "description": text} for key, text in descriptions.items()}


WRONG_TYPE = _errors(e415="The content-type is not application/json.")
COMMON = _errors(
    e400="The body is no JSON or too deep, or the service is called by another name.",
    e413="The body is too large.",
    e422="The request asks for what cannot be.",
    e503="No model is served, or the database does not answer.",
)

router = APIRouter(route_class=_Route, responses=COMMON)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


# Answers are made right in the event loop where they take about a millisecond: to hand a request to a thread
# and back costs as much, and threads would only take turns.


@router.post("/recommend", response_model=RecommendResponse, responses=WRONG_TYPE, tags=["recommendations"])
async def recommend(request: Request, asked: RecommendRequest) -> Response:
    """Recommend for one person, and say why."""
    service = _service(request)
    if asked.titles is not None:  # a misspelt one takes longer
        return json_response(await run_in_threadpool(service.recommend, asked))
    return json_response(service.recommend(asked))


@router.post("/recommend/batch", response_model=BatchResponse, responses=WRONG_TYPE, tags=["recommendations"])
def recommend_batch(request: Request, asked: BatchRequest) -> Response:
    """Recommend for many people at once."""
    return json_response(_service(request).recommend_batch(asked))


@router.get("/items", response_model=ItemsResponse, tags=["items"])
def items(
    request: Request,
    search: Annotated[
        str, Query(max_length=LONGEST_NAME, description="A title or its beginning.", examples=["toy sto"])
    ],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Find items by title, also misspelt ones; the most liked first."""
    return json_response(_service(request).items(search, limit))


@router.get(
    "/items/{item_id:path}/similar",  # an id may hold slashes
    response_model=SimilarResponse,
    responses=_errors(e404="No item has the id."),
    tags=["items"],
)
async def similar(
    request: Request,
    item_id: Annotated[str, InPath(max_length=LONGEST_NAME, examples=["1"])],
    k: Annotated[int, Query(ge=1)] = 10,
    explain: bool = False,
) -> Response:
    """Recommend for somebody who likes this item alone."""
    return json_response(_service(request).similar(item_id, k, explain))


def _authorised(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    token = _service(request).settings.feedback_token
    if token is None:
        return
    if given is None or not hmac.compare_digest(given.credentials.encode(), token.encode()):
        headers = {"www-authenticate": "Bearer"}
        message = "Feedback needs the token of this service: Authorization: Bearer ..."
        raise ApiError(401, "token_needed", message, headers=headers)


@router.post(
    "/feedback",
    response_model=FeedbackResponse,
    responses=_errors(
        e401="The token is missing or wrong.",
        e415="The content-type is not application/json.",
        e429="The user, the item or the client's address has had as many thumbs as a day may have.",
    ),
    dependencies=[Depends(_authorised)],
    tags=["feedback"],
)
async def feedback(request: Request, asked: FeedbackRequest) -> Response:
    """Store a thumb up or down. The response says that it is on the disk; until it comes, send it again."""
    address = request.client.host if request.client else ""
    # A database that is locked keeps a thread for seconds: some are left for who asks for recommendations.
    async with request.app.state.writing:
        return json_response(await run_in_threadpool(_service(request).feedback, asked, address))


@router.get("/model", response_model=ModelResponse, tags=["operation"])
async def model(request: Request) -> Response:
    """Tell which model answers, what it was learnt from, and what failed last."""
    return json_response(_service(request).model())


@router.get("/health/live", response_model=Health, tags=["operation"])
async def live() -> Response:
    """Tell that the process answers."""
    return json_response({"status": "ok"})


@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"model": Health, "description": "No model is served yet."}},
    tags=["operation"],
)
async def ready(request: Request) -> Response:
    """Tell whether a model is served."""
    if _service(request).follower.current is None:
        return json_response({"status": "no model"}, 503)
    return json_response({"status": "ok"})


@router.get("/metrics", response_class=PlainTextResponse, tags=["operation"])
def metrics(request: Request) -> Response:
    """Tell Prometheus what was asked and how long it took, and how the feedback is."""
    return Response(_service(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/", include_in_schema=False)
def page() -> Response:
    """Return the page."""
    return FileResponse(STATIC / "index.html")
