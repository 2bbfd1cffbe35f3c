"""HTML of the objects, as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from optuna_sweeper.safe_text import printable

LEFT = "text-align:left"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """Return a table; all texts are escaped, also titles that look like HTML."""
    above = f"<div>{text(caption)}</div>" if caption else ""  # a caption would be as narrow as the table
    heads = "".join(f"<th scope='col' style='{LEFT}'>{text(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"{above}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def text(value: object) -> str:
    """Return a text for HTML, its lines as lines."""
    return "<br>".join(escape(printable(line)) for line in str(value).split("\n"))


def short_path(path: Path) -> str:
    """Return a path as the reader needs it: below the working directory without that."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def number(value: float) -> str:
    """Return a number as people read it: integers with commas, others with four significant digits."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"<td style='text-align:right'>{number(value)}</td>"
    return f"<td style='{LEFT}'>{text(value)}</td>"
