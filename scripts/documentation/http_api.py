"""The reference of the HTTP API, from the OpenAPI document of the service without a model."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

from scripts.documentation import text


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the service with the default settings, which loads no model."""
    from recsys.serving.app import create_app
    from recsys.serving.settings import Settings

    without_model: Any = SimpleNamespace(current=None)
    return create_app(Settings(), without_model, store=None).openapi()


def endpoints() -> str:
    """Return the endpoints with their parameters, bodies and answers, and then the objects in these."""
    api = document()
    parts = []
    for path, methods in api["paths"].items():
        for method, one in methods.items():
            parts += _endpoint(f"{method.upper()} {path}", one)
    parts.append("## Objects")
    for name, schema in sorted(api["components"]["schemas"].items()):
        parts += [f"### {name} {{ #{name} }}", _schema(name, schema)]
    return "\n\n".join(part for part in parts if part)


def _endpoint(title: str, one: dict[str, Any]) -> list[str]:
    anchor = re.sub(r"\W+", "-", title.lower()).strip("-")
    given = [
        _field(f"{anchor}-{value['name']}", value["name"], value["schema"], value, f", in the {value['in']}")
        for value in one.get("parameters", [])
    ]
    # The description may begin with the summary, which is its first sentence without the full stop.
    summary, description = one["summary"].rstrip("."), one.get("description", "")
    described = description if description.startswith(summary) else f"{summary}.\n\n{description}"
    parts = [f"### `{title}` {{ #{anchor} }}", text.paragraphs(described.splitlines())]
    if one.get("security"):
        parts.append(text.paragraphs(["Needs the token of the service, if it has one."]))
    parts.append(text.entries(given))
    if body := _content(one.get("requestBody", {})):
        parts.append(f"<p>Body: {body}</p>")
    parts.append(_answers(one["responses"]))
    return parts


def _answers(responses: dict[str, Any]) -> str:
    """Return what comes back: the errors that every endpoint has are listed once, by `errors`."""
    from recsys.serving.api import COMMON

    shown = []
    for status, answer in responses.items():
        if int(status) not in COMMON:
            kind, words = _content(answer), answer["description"].rstrip(".")
            meaning = "" if words == "Successful Response" else f": {text.inline(words)}"
            shown.append(f"<code>{status}</code>{meaning}{f', {kind}' if kind else ''}")
    return f"<p>Answers: {'; '.join(shown)}.</p>"


def errors() -> str:
    """Return the statuses that every endpoint may answer with."""
    from recsys.serving.api import COMMON

    rows = "\n".join(f"| `{status}` | {words} |" for status, words in COMMON.items())
    return f"| status | meaning |\n| --- | --- |\n{rows}"


def _content(described: dict[str, Any]) -> str:
    kinds = [_kind(value["schema"]) for value in described.get("content", {}).values() if value.get("schema")]
    return " or ".join(kind for kind in kinds if kind)


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    listed = [
        _field(f"{name}.{field}", field, value, value | {"required": field in required})
        for field, value in schema.get("properties", {}).items()
    ]
    return text.paragraphs(schema.get("description", "").splitlines()) + "\n\n" + text.entries(listed)


def _field(anchor: str, name: str, schema: dict[str, Any], about: dict[str, Any], place: str = "") -> str:
    kind, required = _kind(schema), ", required" if about.get("required") else ""
    description = text.inline(about.get("description", ""))
    return text.entry([(anchor, name, _default(schema))], f"<p>{kind}{place}{required}. {description}</p>")


def _default(schema: dict[str, Any]) -> str:
    return json.dumps(schema["default"]) if "default" in schema else ""


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value, with its limits, as HTML."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{value}</code>" for value in values)
    kind = str(schema.get("type", ""))
    if kind == "array":
        limit = f" of at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list{limit} ({_kind(schema.get('items', {}))})"
    bounds = [
        f"{words} {schema[key]}"
        for key, words in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "length at most"))
        if key in schema
    ]
    return f"{kind}, {', '.join(bounds)}" if bounds else kind
