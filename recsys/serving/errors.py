"""Errors of the service, all in one form."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from optuna_sweeper.safe_text import printable
from recsys.errors import RecsysError
from recsys.serving.schemas import ErrorBody, ErrorDetail, ErrorResponse
from recsys.serving.strict_json import json_response

log = logging.getLogger(__name__)

MAX_DETAILS = 10
MAX_QUOTED = 200  # characters of a request that an error repeats


class ApiError(HTTPException):
    """An error response: a code for programs, a message for people, and places such as "users[3].items[0]".

    By default, `details` is the message at `where`, if that is given.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        where: str = "",
        headers: Mapping[str, str] | None = None,
        details: Sequence[ErrorDetail] = (),
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code
        self.details = list(details) or [ErrorDetail(where, message)] * bool(where)

    def response(self) -> Response:
        """Return the response."""
        body = ErrorResponse(ErrorBody(self.code, str(self.detail), self.details))
        return json_response(body, self.status_code, dict(self.headers or {}))


def quoted(value: Any) -> str:
    """Return a value of a request in the form in which an error repeats it."""
    text = repr(value)
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "..."


async def _http_error(request: Request, error: Any) -> Response:
    if isinstance(error, ApiError):
        return error.response()
    code = HTTPStatus(error.status_code).name.lower()
    return ApiError(error.status_code, code, f"{error.detail}.", headers=error.headers).response()


async def _invalid(request: Request, error: Any) -> Response:
    messages: dict[str, str] = {}
    for one in error.errors():
        where, message = _where(one, error.body), str(one["msg"]).removeprefix("Value error, ")
        # An id may be a number or text: one error of each kind.
        earlier = messages.get(where)
        messages[where] = f"{earlier}, or {message[0].lower()}{message[1:]}" if earlier else message
    details = [ErrorDetail(where, message) for where, message in messages.items()][:MAX_DETAILS]
    message = f"{details[0].where or 'The request'}: {details[0].message}."
    return ApiError(422, "invalid_request", message, details=details).response()


def _where(error: dict[str, Any], body: Any) -> str:
    """Return the place of an error in the sender's terms, without the types that Pydantic tried."""
    part, *place = error["loc"]
    if part != "body":
        return ".".join(map(str, place[:1]))
    where, here = "", body
    for step in place:
        if isinstance(here, list) and isinstance(step, int):
            where, here = f"{where}[{step}]", here[step]
        elif isinstance(here, dict) and (step in here or error["type"] == "missing"):
            where, here = f"{where}.{step}", here.get(step)
    return where.removeprefix(".")[:MAX_QUOTED]


async def _recsys_error(request: Request, error: Any) -> Response:
    # Requests have been checked: the error is about the service's own data.
    log.error("%s %s: %s", request.method, printable(request.url.path), error)
    return ApiError(503, "unavailable", "The service cannot answer now; its log says why.").response()


def _always(error: ApiError) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def respond(request: Request, _: Exception) -> Response:
        return error.response()

    return respond


#: For `FastAPI(exception_handlers=...)`.
HANDLERS: dict[int | type[Exception], Any] = {
    StarletteHTTPException: _http_error,
    RequestValidationError: _invalid,
    RecsysError: _recsys_error,
    # Nobody reads it: the client is gone, or was too slow.
    ClientDisconnect: _always(ApiError(400, "incomplete", "The request did not arrive whole.")),
    # The server logs the traceback.
    Exception: _always(ApiError(500, "internal_error", "The service failed; its log says why.")),
}
