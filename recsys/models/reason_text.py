"""The reasons of a recommendation in words."""

from collections.abc import Mapping
from typing import Any


def reason_text(reason: Mapping[str, Any], title: str, verb: str) -> str:
    """Return a reason for an item with this title in words, with the share of the score that is due to it.

    `reason` has the fields of `recsys.recommenders.Reason`, with titles as antecedents and category; `verb`
    is that of `recsys.data.Nouns`.
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
