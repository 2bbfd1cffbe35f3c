"""The limits of the settings in OpenAPI."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from recsys.serving.settings import Settings

SIMILAR = "/items/{item_id}/similar"


def add_limits(app: FastAPI, settings: Settings) -> None:
    """Add the limits that the service enforces to the description of an application."""
    describe = app.openapi
    lengths = {"items": settings.max_items, "titles": settings.max_titles, "users": settings.max_batch}

    def openapi() -> dict[str, Any]:
        schema = describe()
        for name in ("RecommendRequest", "Person", "BatchRequest"):
            for field, place in schema["components"]["schemas"][name]["properties"].items():
                for option in place.get("anyOf", [place]):
                    if option.get("type") == "array":
                        option["maxItems"] = lengths[field]
                    elif field == "k":
                        option["maximum"] = settings.max_k
        for parameter in schema["paths"][SIMILAR]["get"]["parameters"]:
            if parameter["name"] == "k":
                parameter["schema"]["maximum"] = settings.max_k
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
