"""A route with a JSON body, which is read within limits and validated once."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError

from recsys.serving.errors import ApiError, quoted
from recsys.serving.schemas import RequestModel
from recsys.serving.settings import Settings
from recsys.serving.strict_json import deeper_than


class JsonRoute(APIRoute):
    """A route whose endpoint takes the request and, for POST, its validated body.

    FastAPI would read a body of any size and any content type, and would take a third longer.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        if "POST" not in (self.methods or ()):
            return super().get_route_handler()
        model: type[RequestModel] = get_type_hints(self.endpoint)["body"]
        checks = [one.dependency for one in self.dependencies if one.dependency is not None]

        async def handle(request: Request) -> Response:
            for check in checks:
                await check(request)
            response: Response = await self.endpoint(request, await _read(request, model))
            return response

        return handle


async def _read(request: Request, model: type[RequestModel]) -> RequestModel:
    settings: Settings = request.app.state.service.settings
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        message = f"The content-type must be application/json. Got {quoted(kind)}."
        raise ApiError(415, "unsupported_media_type", message)
    given = _parse(await _bytes(request, settings.max_body_bytes), settings.max_depth)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        errors = [one | {"loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(errors, body=given) from error


async def _bytes(request: Request, limit: int) -> bytes:
    announced, body = request.headers.get("content-length", ""), bytearray()
    if not announced.isdecimal() or int(announced) <= limit:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise ApiError(413, "too_large", f"The body must be at most {limit:,} bytes (max_body_bytes).")


def _parse(body: bytes, max_depth: int) -> Any:
    if deeper_than(max_depth, body):
        raise ApiError(400, "too_deep", f"The JSON has brackets more than {max_depth} deep (max_depth).")
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}.") from error
    except ValueError as error:  # UnicodeDecodeError, or a number with too many digits
        message = "The body is not JSON: it must be UTF-8, with numbers of at most 4,300 digits."
        raise ApiError(400, "invalid_json", message) from error
