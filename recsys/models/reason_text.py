"""The reasons of a recommendation in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.models.bundle import Item
    from recsys.recommenders import Reason


def with_titles(reason: Reason[Item]) -> dict[str, Any]:
    """Return the fields of a reason, with titles for items and category."""
    return {
        "antecedents": [item.title for item in reason.antecedents],
        "support_count": reason.support_count,
        "confidence": reason.confidence,
        "lift": reason.lift,
        "share": reason.share,
        "times": reason.times,
        "category": reason.category and reason.category.title,
        "text": reason.text,
    }


def reason_text(reason: Mapping[str, Any], title: str, verb: str) -> str:
    """Return a reason for an item with this title in words, with the share of the score that is due to it.

    `reason` is one `with_titles`; `verb` is that of `recsys.data.Nouns`.
    """
    if (text := reason.get("text")) is not None:
        return str(text)
    antecedents, count = reason["antecedents"], reason["support_count"]
    if not antecedents:
        chosen = "popular" if count is None else f"{verb} by {count:,}"
        return chosen if reason["share"] == 1 else f"{reason['share']:4.0%} because it is popular ({chosen})"
    again = antecedents == [title]
    numbers = {
        "support_count": "{:,} " + (f"{verb} it again" if again else f"{verb} both"),
        "confidence": "confidence {:.2f}",
        "lift": "lift {:.2f}",
    }
    shown = [text.format(reason[name]) for name, text in numbers.items() if reason[name] is not None]
    text = f"{reason['share']:4.0%} because you {verb} " + ("it" if again else " and ".join(antecedents))
    if (times := reason.get("times")) is not None and times > 1:
        text += " twice" if times == 2 else f" {times:,} times"
    if category := reason.get("category"):
        text += f", which leads to {category}"
    return text + (f" ({', '.join(shown)})" if shown else "")
