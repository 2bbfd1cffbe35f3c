"""Queries of rules from the parameters of a request."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from pydantic import FiniteFloat, TypeAdapter, ValidationError

from recsys.errors import ParameterError
from recsys.explorer import Query, RuleTable
from recsys.serving.errors import ApiError, quoted
from recsys.serving.explorer_schemas import RuleFilters
from recsys.serving.schemas import MAX_NAME

ITEMS = ("item", "antecedent", "consequent")  # may be repeated

_number = TypeAdapter(FiniteFloat)


def read_query(request: Request, given: RuleFilters, table: RuleTable) -> Query:
    """Return the query of a request; raise ApiError for a parameter that is unknown or given twice."""
    times = Counter(name for name, _ in request.query_params.multi_items())
    for name in times:
        if times[name] > 1 and name not in ITEMS:
            raise _invalid(name, f"{quoted(name)} is given {times[name]} times.")
    fields = type(given).model_fields
    known = [*fields, *(f"{kind}_{name}" for name in table.measures for kind in ("min", "max"))]
    bounds: dict[str, dict[str, float]] = {"min": {}, "max": {}}
    for name, value in given:
        if name not in known:
            raise _invalid(name, f"There is no parameter {quoted(name)}. There are {', '.join(known)}.")
        kind, _, column = name.partition("_")
        if kind in bounds and value is not None:
            bounds[kind][column] = _read_number(name, value)
    given_as = {
        name: getattr(given, name) for name in ("text", *ITEMS, "sort", "descending") if name in fields
    }
    return Query(**given_as, minimum=bounds["min"], maximum=bounds["max"])


@contextmanager
def query_errors() -> Iterator[None]:
    """Turn errors of a query into those of a request."""
    try:
        yield
    except ParameterError as error:
        code = "unknown_item" if error.parameter in ITEMS else "invalid_request"
        hint = " GET /explorer/items?search= finds ids." if error.parameter in ITEMS else ""
        message = f"{error.parameter} must be {error.rule}. Got {quoted(error.value)}.{hint}"
        raise ApiError(422, code, message, error.parameter) from error


def _read_number(name: str, value: Any) -> float:
    try:
        return _number.validate_python(value)
    except ValidationError as error:
        raise _invalid(name, f"{name} must be a finite number. Got {quoted(value)}.") from error


def _invalid(name: str, message: str) -> ApiError:
    return ApiError(422, "invalid_request", message, name[:MAX_NAME])
