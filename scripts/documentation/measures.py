"""The reference of the measures of rules, from the comments of their definitions."""

from __future__ import annotations

from html import escape

from scripts.documentation import source, text

FILE = "recsys/rules/measures.py"


def measures() -> str:
    """Return the measures with their formulas, conventions and sources; one comment may explain several."""
    listed: list[tuple[list[tuple[str, str, str]], list[str]]] = []
    for one in source.entries(FILE, "MEASURES"):
        if one.comment or not listed:
            listed.append(([], one.comment))
        listed[-1][0].append((one.name, one.name, ""))
    return text.entries(
        text.entry(terms, f"<p>{escape(' '.join(comment), quote=False)}</p>") for terms, comment in listed
    )
