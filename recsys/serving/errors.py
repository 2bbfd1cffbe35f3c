"""Errors as the service tells them: all in one shape."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from optuna_sweeper.safe_text import printable
from recsys.errors import RecsysError
from recsys.serving.strict_json import json_response

log = logging.getLogger(__name__)

MOST_DETAILS = 10  # of what is wrong with a request
LONGEST = 200  # characters of what came that an error repeats


class ApiError(HTTPException):
    """What is wrong with a request.

    Parameters
    ----------
    status : int
        4xx or 5xx.
    code : str
        For programs: it stays when the message is worded anew.
    message : str
        For people: the rule, what came and the cure.
    where : str
        The place in the request, "users[3].items[0]"; empty for the whole of it.
    headers : dict of str to str, optional
    """

    def __init__(
        self, status: int, code: str, message: str, where: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers)
        self.code, self.message, self.where = code, message, where


def shortened(value: Any) -> str:
    """Return a value as an error may repeat it."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def error_response(
    status: int,
    code: str,
    message: str,
    details: Sequence[dict[str, str]] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an error in the one shape."""
    error = {"code": code, "message": message, "details": list(details)}
    return json_response({"error": error}, status, headers)


def add_handlers(app: FastAPI) -> None:
    """Have all errors of an application told in the one shape."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RecsysError, _recsys_error)
    app.add_exception_handler(ClientDisconnect, _disconnected)
    app.add_exception_handler(Exception, _unexpected)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    details = [{"where": error.where, "message": error.message}] if error.where else []
    headers = dict(error.headers) if error.headers else None
    return error_response(error.status_code, error.code, error.message, details, headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    messages: dict[str, str] = {}
    for one in error.errors():
        where, message = _where(one, error.body), str(one["msg"]).removeprefix("Value error, ")
        # What may be a number or text is wrong as either.
        so_far = messages.get(where)
        messages[where] = f"{so_far}, or {message[0].lower()}{message[1:]}" if so_far else message
    details = [{"where": where, "message": message} for where, message in messages.items()][:MOST_DETAILS]
    first = details[0]
    message = f"{first['where'] or 'The request'}: {first['message']}."
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", message, details)


def _where(error: dict[str, Any], body: Any) -> str:
    """Return the place of an error as the sender writes it, without the types that Pydantic has tried."""
    part, *place = error["loc"]
    if part != "body":
        return ".".join(map(str, place[:1]))
    where, here = "", body
    for step in place:
        if isinstance(here, list) and isinstance(step, int):
            where, here = f"{where}[{step}]", here[step]
        elif isinstance(here, dict) and (step in here or error["type"] == "missing"):
            where, here = f"{where}.{step}", here.get(step)
        else:
            break
    return where.removeprefix(".")[:LONGEST]


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers) if error.headers else None
    return error_response(status, status.name.lower(), f"{error.detail}.", headers=headers)


async def _recsys_error(request: Request, error: Exception) -> Response:
    # What people send is checked before: this is about the service's own data.
    log.error("%s %s: %s", request.method, printable(request.url.path), error)
    return error_response(503, "unavailable", "The service cannot answer now; its log says why.")


async def _disconnected(request: Request, error: Exception) -> Response:
    # Nobody reads it: the client has gone, or was too slow.
    return error_response(400, "incomplete", "The request did not arrive whole.")


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server logs the traceback.
    return error_response(500, "internal_error", "The service failed; its log says why.")
