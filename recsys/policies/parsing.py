"""From the content of a file to rules."""

from typing import Any, get_args

from recsys.errors import DataFormatError
from recsys.policies.document import require_keys, require_list, require_text, text_of, yaml_document
from recsys.policies.rules import AlwaysWith, Entry, Kind, NeverWith, Pinned

# Keys of each rule, and of the file.
RULES = {"never_with": ("if", "never"), "always_with": ("if", "recommend", "reason")}
KEYS = ("out_of_stock", *RULES, "pinned")


def parse(content: bytes) -> dict[str, tuple[Any, ...]]:
    """Return the fields of `Policies` that a YAML file states; raises DataFormatError."""
    given = require_keys("", yaml_document(content), KEYS)
    return {
        "out_of_stock": _entries("out_of_stock", given.get("out_of_stock", "")),
        "never_with": tuple(
            NeverWith(_some(place, rule, "if"), _some(place, rule, "never"))
            for place, rule in _rules(given, "never_with")
        ),
        "always_with": tuple(
            AlwaysWith(_some(place, rule, "if"), _items(place, rule), _reason(place, rule))
            for place, rule in _rules(given, "always_with")
        ),
        "pinned": tuple(map(_pinned, *_numbered("pinned", given.get("pinned", "")))),
    }


def _numbered(place: str, given: Any) -> tuple[list[str], list[Any]]:
    """Return the places and the values of a list."""
    values = require_list(place, given)
    return [f"{place}[{row}]" for row in range(len(values))], values


def _rules(given: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    places, rules = _numbered(name, given.get(name, ""))
    return [
        (place, require_keys(place, rule, RULES[name])) for place, rule in zip(places, rules, strict=True)
    ]


def _entries(place: str, given: Any) -> tuple[Entry, ...]:
    return tuple(map(_entry, *_numbered(place, given)))


def _some(place: str, rule: dict[str, Any], key: str) -> tuple[Entry, ...]:
    """Return the entries of a key, at least one."""
    entries = _entries(f"{place}.{key}", rule.get(key, ""))
    if not entries:
        raise DataFormatError(f"{place} must have a list of items or categories as {key!r}.")
    return entries


def _items(place: str, rule: dict[str, Any]) -> tuple[Entry, ...]:
    return tuple(map(_require_item, _some(place, rule, "recommend")))


def _require_item(entry: Entry) -> Entry:
    """Refuse a category to recommend, which has no order."""
    if entry.kind == "category":
        raise DataFormatError(f"{entry.place} must be an item, not a category. Name its items.")
    return entry


def _reason(place: str, rule: dict[str, Any]) -> str | None:
    return require_text(f"{place}.reason", rule["reason"]) if "reason" in rule else None


def _pinned(place: str, given: Any) -> Pinned:
    """Return what an item, or a mapping of items and a reason, pins."""
    if isinstance(given, dict) and "recommend" in given:
        rule = require_keys(place, given, ("recommend", "reason"))
        return Pinned(_items(place, rule), _reason(place, rule))
    return Pinned((_require_item(_entry(place, given)),))


def _entry(place: str, given: Any) -> Entry:
    if isinstance(given, str):
        return Entry(place, require_text(place, given))
    kinds = get_args(Kind)[1:]
    if not isinstance(given, dict) or len(given) != 1 or next(iter(given)) not in kinds:
        rule = f"an item, or one of {', '.join(f'{kind}: ...' for kind in kinds)}"
        raise DataFormatError(f"{place} must be {rule}. Got {text_of(given)}. Quote a title with a colon.")
    ((kind, name),) = given.items()
    return Entry(place, require_text(f"{place}.{kind}", name), kind)
