"""The endpoints."""

import hmac
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import HTTPConnection

from recsys.serving import operator, schemas
from recsys.serving.errors import ApiError
from recsys.serving.json_route import JsonRoute
from recsys.serving.service import Service
from recsys.serving.strict_json import json_response

STATIC = Path(__file__).parent / "static"
NO_TOKEN = "The operator's view needs a token. Set RECSYS_FEEDBACK_TOKEN, and start the service again."


class Token(HTTPBearer):
    """Requires the token of the settings, if there is one."""

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Raise ApiError unless the request has the token."""
        token, given = _service(request).settings.feedback_token, await super().__call__(request)
        if token is not None and (
            given is None or not hmac.compare_digest(given.credentials.encode(), token.encode())
        ):
            message = "This needs the token of the service: Authorization: Bearer ..."
            raise ApiError(401, "token_needed", message, headers={"www-authenticate": "Bearer"})
        return given


class OperatorToken(Token):
    """Requires the token of the settings, and refuses everybody if there is none."""

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Raise ApiError unless there is a token, and the request has it."""
        # Not for this machine alone instead: behind a proxy, requests from everywhere come from this machine.
        if _service(request).settings.feedback_token is None:
            raise ApiError(403, "no_token", NO_TOKEN)
        return await super().__call__(request)


def errors_of(descriptions: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return the responses of OpenAPI for statuses of errors.

    FastAPI would make a validator for each response of each endpoint, which takes seconds at each start;
    `recsys.serving.openapi` adds the schema.
    """
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
    return {status: {"content": content, "description": text} for status, text in descriptions.items()}


COMMON = {
    400: "The body is not JSON or too deep, or the host name is not allowed.",
    413: "The body is too large.",
    415: "The content-type of the body is not application/json.",
    422: "Unprocessable request.",
    503: "No model is served, or the database does not answer.",
}

Names = tuple[schemas.Name, ...]

router = APIRouter(route_class=JsonRoute, responses=errors_of(COMMON))


def _service(request: HTTPConnection) -> Service:
    service: Service = request.app.state.service
    return service


# Endpoints that take about a millisecond answer in the event loop: handing a request to a thread and back
# costs as much. Each takes a turn; see `recsys.serving.turns`.


@router.post("/recommend", response_model=schemas.RecommendResponse, tags=["recommendations"])
async def recommend(request: Request, body: schemas.RecommendRequest) -> Response:
    """Recommend to one person, with reasons."""
    service = _service(request)
    if body.titles is not None:  # a misspelt title takes longer
        return json_response(await run_in_threadpool(service.recommend, body))
    async with request.app.state.turns:
        return json_response(service.recommend(body))


@router.post("/recommend/batch", response_model=schemas.BatchResponse, tags=["recommendations"])
async def recommend_batch(request: Request, body: schemas.BatchRequest) -> Response:
    """Recommend to many people at once."""
    return await run_in_threadpool(lambda: json_response(_service(request).recommend_batch(body)))


@router.get("/items", response_model=schemas.ItemsResponse, tags=["items"])
def items(
    request: Request,
    search: Annotated[str, Query(max_length=schemas.MAX_NAME, description="A title or its beginning.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Find {items} by title, also misspelt ones, the most popular first."""
    return json_response(_service(request).items(search, limit))


@router.get(
    "/items/{item_id:path}/similar",  # an id may contain slashes
    response_model=schemas.SimilarResponse,
    responses=errors_of({404: "There is no {item} with the id."}),
    tags=["items"],
)
async def similar(
    request: Request,
    item_id: Annotated[str, InPath(max_length=schemas.MAX_NAME, examples=["1"])],
    k: Annotated[int, Query(ge=1)] = 10,
    offset: Annotated[int, Query(ge=0, description="Places at the top to leave out.")] = 0,
    explain: bool = False,
    exclude_items: Annotated[Names, Query(description="Ids that the list may not hold.")] = (),
    only_items: Annotated[Names, Query(description="Ids of the only items that it may hold.")] = (),
    categories: Annotated[Names, Query(description="Only items of one of these.")] = (),
    max_per_category: Annotated[int | None, Query(ge=1, description="Maximum items of a category.")] = None,
    popularity_penalty: Annotated[
        float, Query(ge=-1, le=1, allow_inf_nan=False, description="Above 0 surprising, below 0 popular.")
    ] = 0.0,
) -> Response:
    """Recommend to a person who {verb} only this {item}."""
    options = schemas.ListOptions(
        k=k,
        offset=offset,
        explain=explain,
        exclude_items=list(exclude_items),
        only_items=list(only_items) or None,
        categories=list(categories) or None,
        max_per_category=max_per_category,
        popularity_penalty=popularity_penalty,
    )
    async with request.app.state.turns:
        return json_response(_service(request).similar(item_id, options))


@router.post(
    "/feedback",
    response_model=schemas.FeedbackResponse,
    responses=errors_of(
        {
            401: "The token is missing or wrong.",
            429: "The user, the item or the client's address has reached its limit of thumbs per day.",
        }
    ),
    dependencies=[Depends(Token(auto_error=False, description="Needed if RECSYS_FEEDBACK_TOKEN is set."))],
    tags=["feedback"],
)
async def feedback(request: Request, body: schemas.FeedbackRequest) -> Response:
    """Store or withdraw a thumb. The response confirms that it is on disk; without one, send it again."""
    address = request.client.host if request.client else ""
    # A locked database occupies a thread for seconds: leave some for recommendations.
    async with request.app.state.writing:
        return json_response(await run_in_threadpool(_service(request).feedback, body, address))


@router.get("/model", response_model=schemas.ModelResponse, tags=["operation"])
async def model(request: Request) -> Response:
    """Return the served model, its training data and the last failure."""
    return json_response(_service(request).model())


@router.get(
    "/operator/state",
    response_model=schemas.OperatorState,
    responses=errors_of({401: "The token is missing or wrong.", 403: "The service has no token."}),
    dependencies=[Depends(OperatorToken(auto_error=False, description="RECSYS_FEEDBACK_TOKEN"))],
    tags=["operation"],
)
def operator_state(request: Request) -> Response:
    """Return versions and the gate's decisions, acceptance, latency, failures and policies."""
    return json_response(operator.state(_service(request)))


@router.get("/health/live", response_model=schemas.Health, tags=["operation"])
async def live() -> Response:
    """Answer as long as the process does."""
    return json_response(schemas.Health("ok"))


@router.get(
    "/health/ready",
    response_model=schemas.Health,
    responses={503: {"model": schemas.Health, "description": "No model is served yet."}},
    tags=["operation"],
)
async def ready(request: Request) -> Response:
    """Return whether a model is served."""
    if _service(request).reloader.current is None:
        return json_response(schemas.Health("no model"), 503)
    return json_response(schemas.Health("ok"))


@router.get("/metrics", response_class=PlainTextResponse, tags=["operation"])
def metrics(request: Request) -> Response:
    """Return metrics of requests, the model and feedback in Prometheus' format."""
    return Response(_service(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/", include_in_schema=False)
def page() -> Response:
    """Return the page."""
    return FileResponse(STATIC / "index.html")


@router.get("/operator", include_in_schema=False)
def operator_page() -> Response:
    """Return the operator's page, which asks for the token."""
    return FileResponse(STATIC / "operator.html")


@router.get("/favicon.ico", include_in_schema=False)
def icon() -> Response:
    """Return the icon, which browsers request from here for documents that name none, such as /metrics."""
    return FileResponse(STATIC / "icon.svg")
