"""The endpoints of the explorer of rules."""

import asyncio
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

import recsys.explorer
from recsys.explorer import RuleTable
from recsys.explorer.export import FORMATS
from recsys.explorer.points import AXES, sample
from recsys.explorer.table import IntArray
from recsys.serving import explorer_schemas as schemas
from recsys.serving.api import COMMON, errors_of
from recsys.serving.errors import ApiError
from recsys.serving.explorer_content import ExplorerContent
from recsys.serving.explorer_query import query_errors, read_query
from recsys.serving.json_route import JsonRoute
from recsys.serving.schemas import MAX_NAME
from recsys.serving.service import Service
from recsys.serving.strict_json import json_response

STATIC = Path(recsys.explorer.__file__).parent / "static"
A_WEEK = "public, max-age=604800"
MAX_EXPORTS = 4  # at the same time
EXPORT_SECONDS = 600.0  # within which a client must have read an export


router = APIRouter(
    prefix="/explorer",
    route_class=JsonRoute,
    responses=errors_of({**COMMON, 404: "The served model has no rules."}),
    tags=["explorer"],
)


@router.get("", include_in_schema=False)
def page() -> Response:
    """Return the page."""
    return FileResponse(STATIC / "index.html")


@router.get("/static/plotly.min.js", include_in_schema=False)
def plotly() -> Response:
    """Return Plotly's program, which is part of its Python package."""
    path = str(files("plotly") / "package_data" / "plotly.min.js")
    return FileResponse(path, headers={"cache-control": A_WEEK})


@router.get("/summary", response_model=schemas.ExplorerSummary)
def summary(request: Request) -> Response:
    """Return what there is to explore; a model without rules has `has_rules` false."""
    service: Service = request.app.state.service
    return json_response(_content(request).summary() | {"accepts_feedback": service.store is not None})


@router.get("/rules", response_model=schemas.RulesResponse)
def rules(request: Request, query: Annotated[schemas.RulesRequest, Query()]) -> Response:
    """Return a page of the rules that all conditions hold for.

    For each measure there are also parameters `min_...` and `max_...`, inclusive, such as `min_lift=2`. A
    value that is not finite is null in the answer, and such rules come last.
    """
    table = _table(request)
    found = _find(request, query, table)
    some = table.rows(found[query.offset : query.offset + query.limit])
    return json_response(
        {"n_rules": len(table), "n_found": len(found), "offset": query.offset, "rules": list(some)}
    )


@router.get("/rules/{rule_id}", response_model=schemas.ExploredRule)
def rule(request: Request, rule_id: Annotated[int, InPath(ge=0, le=schemas.MAX_COUNT)]) -> Response:
    """Return one rule."""
    table = _table(request)
    if rule_id >= len(table):
        message = f"No rule has the id {rule_id}: there are {len(table):,}, from 0."
        raise ApiError(404, "unknown_rule", message)
    (found,) = table.rows(np.array([rule_id]))
    return json_response(found)


@router.get("/points", response_model=schemas.PointsResponse)
def points(request: Request, query: Annotated[schemas.PointsRequest, Query()]) -> Response:
    """Return support, confidence and lift of the rules that all conditions hold for.

    Of more than `limit` rules it is a sample, always the same, with the most extreme ones.
    """
    table = _table(request)
    with query_errors():
        n_found, found = sample(table, read_query(request, query, table), query.limit)
    return json_response({"n_found": n_found, "rule_id": found.tolist(), **table.values(AXES, found)})


@router.get("/items", response_model=schemas.RuleItemsResponse)
def items(
    request: Request,
    search: Annotated[str, Query(max_length=MAX_NAME, description="A title or its beginning.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Find {items} by title, also misspelt ones, those of the most rules first."""
    return json_response({"items": _table(request).find_items(search, limit)})


@router.get("/export", response_class=StreamingResponse)
def export(request: Request, query: Annotated[schemas.ExportRequest, Query()]) -> Response:
    """Return all rules that the conditions hold for as a file."""
    table = _table(request)
    found = _find(request, query, table)
    media_type, write = FORMATS[query.format]
    headers = {"content-disposition": f'attachment; filename="rules.{query.format}"'}
    return Download(write(table, found), headers=headers, media_type=media_type)


class Download(StreamingResponse):
    """A file in parts, one of a few at a time, ended if the client does not read it in time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        slots: asyncio.Semaphore = scope["app"].state.exporting
        if slots.locked():
            message = f"{MAX_EXPORTS} exports are being written. Try again in a minute."
            await ApiError(503, "busy", message, headers={"retry-after": "60"}).response()(
                scope, receive, send
            )
            return
        async with slots, asyncio.timeout(EXPORT_SECONDS):
            await super().__call__(scope, receive, send)


def _content(request: Request) -> ExplorerContent:
    service: Service = request.app.state.service
    return service.explorer_content()


def _table(request: Request) -> RuleTable:
    content = _content(request)
    if content.table is None:
        message = f"The model, a {content.recommender}, recommends without rules."
        raise ApiError(404, "no_rules", message)
    return content.table


def _find(request: Request, query: schemas.SortedRules, table: RuleTable) -> IntArray:
    """Return the ids of the rules of a request, in its order."""
    with query_errors():
        return read_query(request, query, table).find(table)
