"""OpenAPI with the limits of the settings, those that the service enforces."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from recsys.serving.settings import Settings

#: Schema, field, keyword of JSON Schema, setting.
LIMITED = (
    ("RecommendRequest", "items", "maxItems", "max_items"),
    ("RecommendRequest", "titles", "maxItems", "max_titles"),
    ("RecommendRequest", "k", "maximum", "max_k"),
    ("Person", "items", "maxItems", "max_items"),
    ("Person", "titles", "maxItems", "max_titles"),
    ("BatchRequest", "users", "maxItems", "max_batch"),
    ("BatchRequest", "k", "maximum", "max_k"),
)
SIMILAR = "/items/{item_id}/similar"


def add_limits(app: FastAPI, settings: Settings) -> None:
    """Have an application describe itself with the limits of its settings."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        schema = describe()
        for name, field, keyword, setting in LIMITED:
            _limit(schema["components"]["schemas"][name]["properties"][field], keyword, settings, setting)
        for parameter in schema["paths"][SIMILAR]["get"]["parameters"]:
            if parameter["name"] == "k":
                _limit(parameter["schema"], "maximum", settings, "max_k")
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _limit(field: dict[str, Any], keyword: str, settings: Settings, setting: str) -> None:
    """Add a limit to the schema of a field, or to what of it may be a list."""
    kind = "array" if keyword == "maxItems" else "integer"
    for schema in field.get("anyOf", [field]):
        if schema.get("type") == kind:
            schema[keyword] = getattr(settings, setting)
