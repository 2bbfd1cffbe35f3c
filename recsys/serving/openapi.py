"""OpenAPI with the limits of the settings, and with the words and examples of the served data."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from recsys.data import Nouns
from recsys.serving.explorer_content import ExplorerContent
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.schemas import ErrorResponse
from recsys.serving.service import Service
from recsys.serving.settings import Settings

EXPLORER = ("/explorer/rules", "/explorer/points", "/explorer/export")
REQUESTS = ("RecommendRequest", "Person", "BatchRequest")


def described(generate: Callable[[], dict[str, Any]], service: Service) -> dict[str, Any]:
    """Return the generated schema, described for the model that is served now."""
    model = service.reloader.current
    nouns = Nouns() if model is None else model.bundle.catalog.nouns
    schema: dict[str, Any] = _worded(deepcopy(generate()), asdict(nouns))
    _summarise(schema)
    _add_errors(schema)
    _add_limits(schema, service.settings)
    if model is not None:
        _add_examples(schema, model)
    if service.settings.explorer and (model is not None or service.run is not None):
        _add_measures(schema, service.explorer_content())
    return schema


def _worded(part: Any, words: dict[str, str]) -> Any:
    """Return a part of the schema with words for the names in braces in its descriptions."""
    if isinstance(part, list):
        return [_worded(one, words) for one in part]
    if not isinstance(part, dict):
        return part
    described = {name: _worded(one, words) for name, one in part.items()}
    text = described.get("description")
    if isinstance(text, str):
        for name, word in words.items():
            text = text.replace(f"{{{name}}}", word)
        described["description"] = text
    return described


def _summarise(schema: dict[str, Any]) -> None:
    """Take the first sentence of the description of an operation as its summary, in place of its name."""
    for path in schema["paths"].values():
        for operation in path.values():
            first = operation.get("description", "").partition(". ")[0].strip().removesuffix(".")
            operation["summary"] = first or operation["summary"]


def _add_errors(schema: dict[str, Any]) -> None:
    error = TypeAdapter(ErrorResponse).json_schema(ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] |= {**error.pop("$defs"), "ErrorResponse": error}


def _add_limits(schema: dict[str, Any], settings: Settings) -> None:
    limits = {
        **dict.fromkeys(("items", "seen", "exclude_items", "only_items"), ("maxItems", settings.max_items)),
        "history": ("maxItems", settings.max_items),  # of a basket
        "titles": ("maxItems", settings.max_titles),
        "categories": ("maxItems", settings.max_categories),
        "users": ("maxItems", settings.max_batch),
        **dict.fromkeys(("k", "offset", "max_per_category"), ("maximum", settings.max_k)),
    }
    models, similar = schema["components"]["schemas"], schema["paths"]["/items/{item_id}/similar"]["get"]
    fields = [(one["name"], one["schema"]) for one in similar["parameters"]]
    for name in REQUESTS:
        fields += models[name]["properties"].items()
    for name, field in fields:
        if name in limits:
            keyword, limit = limits[name]
            kinds = field.get("anyOf", [field])  # the last one may be null
            kinds[0][keyword] = limit
            if name == "history":  # of orders
                kinds[1]["maxItems"], kinds[1]["items"]["maxItems"] = settings.max_orders, settings.max_items


def _add_examples(schema: dict[str, Any], model: LoadedModel) -> None:
    """Replace the examples of items by popular ones of the model, which every request accepts."""
    called = model.search.catalog
    title = dict(zip(map(str, model.searched), called.title, strict=True))
    count = Counter(title.values())
    popular = sorted(model.n_likes, key=lambda item: -model.n_likes[item])
    popular = [item for item in popular if count[title[str(item)]] == 1][:3]
    categories = list(model.bundle.category_index.members)[:1]
    given = {
        "titles": [title[str(item)] for item in popular[:2]],
        **dict.fromkeys(("items", "history"), popular[:2]),
        **dict.fromkeys(("seen", "exclude_items"), popular[2:]),
        "only_items": popular,
        "categories": categories,
    }
    models = schema["components"]["schemas"]
    for name in REQUESTS[::2]:
        for example in models[name]["examples"]:
            for person in (example, *example.get("users", [])):
                has_orders = isinstance(person.get("history", [None])[0], list)
                person |= {name: value for name, value in given.items() if name in person}
                if has_orders:
                    person["history"] = [popular[:2], popular[1:]]
                if not categories:
                    person.pop("categories", None)
    if popular:
        (feedback,) = models["FeedbackRequest"]["examples"]
        feedback["item_id"] = popular[0]


def _add_measures(schema: dict[str, Any], content: ExplorerContent) -> None:
    """Add the bounds of the measures of the rules to the parameters of the explorer."""
    measures = () if content.table is None else content.table.measures
    bounds = [
        {
            "name": f"{kind}_{name}",
            "in": "query",
            "required": False,
            "schema": {"type": "number", "title": f"{word} {name}"},
            "description": f"{word} of the measure {name}.",
        }
        for name in measures
        for kind, word in (("min", "Minimum"), ("max", "Maximum"))
    ]
    for path in EXPLORER:
        schema["paths"][path]["get"]["parameters"] += bounds
