"""JSON in and out: no NaN, no infinity, nothing deeper than it needs to be."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import numpy as np
from fastapi import Response
from pydantic_core import PydanticSerializationError, to_json

_encode = json.JSONEncoder(default=asdict, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode
# Brackets in strings are no structure. A string that does not end reaches to the end of the text.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return content as a response.

    Raises
    ------
    ValueError
        If a number in it is not finite.
    """
    return Response(_encoded(content), status, headers, media_type="application/json")


def _encoded(content: Any) -> bytes:
    try:
        body = to_json(content, inf_nan_mode="constants")  # a fifth of the time
    except PydanticSerializationError:
        body = b"NaN"
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    # A number that is not finite, which is refused here, or a title of that name. Half a surrogate pair,
    # which JSON can write and UTF-8 cannot, becomes a question mark.
    return _encode(content).encode("utf-8", "replace")


def deeper_than(limit: int, text: bytes) -> bool:
    """Tell whether a JSON text has more than `limit` brackets in each other."""
    if text.count(b"[") + text.count(b"{") <= limit:
        return False
    levels = _STEPS[np.frombuffer(_STRING.sub(b"", text), dtype=np.uint8)].cumsum(dtype=np.int64)
    return bool(levels.max(initial=0) > limit)
