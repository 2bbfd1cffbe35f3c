"""JSON in and out: UTF-8 of limited depth in, finite numbers out."""

import json
import re
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np
from fastapi import Response
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_json

_encode = json.JSONEncoder(default=asdict, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode
# Brackets in strings do not count. An unclosed string ends with the text.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_adapter: Any = lru_cache(TypeAdapter)


def prepare(*kinds: type) -> None:
    """Make the serializers of dataclasses, so that the first response of each does not wait for its own."""
    for kind in kinds:
        _adapter(kind)


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return dataclasses (with `JSON_CONFIG`) and plain data as a response.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    try:
        if hasattr(content, "__dataclass_fields__"):  # a third of the time
            body = _adapter(type(content)).dump_json(content)
        else:
            body = to_json(content, inf_nan_mode="constants")
    except PydanticSerializationError:
        body = b"NaN"
    if b"NaN" in body or b"Infinity" in body:
        # Either a number that is not finite, which raises an error here, or such a title. Half a surrogate
        # pair, which JSON can hold and UTF-8 cannot, becomes a question mark.
        body = _encode(content).encode("utf-8", "replace")
    return Response(body, status, headers, media_type="application/json")


def deeper_than(limit: int, text: bytes) -> bool:
    """Whether a JSON text has more than `limit` nested brackets."""
    if text.count(b"[") + text.count(b"{") <= limit:
        return False
    levels = _STEPS[np.frombuffer(_STRING.sub(b"", text), dtype=np.uint8)].cumsum(dtype=np.int64)
    return bool(levels.max(initial=0) > limit)
