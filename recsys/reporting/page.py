"""Pages made from templates: the sections of a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pkgutil import get_data
from typing import TYPE_CHECKING, Any, NamedTuple

from recsys.reporting.layout import CONFIG, LAYOUT

if TYPE_CHECKING:
    from jinja2 import Template

Table = list[list[str]]  # the header first


@dataclass(frozen=True)
class Figure:
    """Traces and layout as plotly's program takes them, and what they show, for those who cannot see it.

    A colour may be the name of a colour of the page, such as `var(--accent)`.
    """

    data: list[dict[str, Any]]
    layout: dict[str, Any]
    description: str
    width: int = 0  # pixels at least; a narrower page scrolls it


class Code(NamedTuple):
    """A text to be copied, such as a command, and what it is."""

    title: str
    text: str


class Explorer(NamedTuple):
    """Rules, and what a page needs to explore them, besides plotly's program.

    Parameters
    ----------
    content : dict
        The summary and the rules as the endpoints of `recsys.serving.explorer` return them.
    style : str
        Style sheet.
    graphs : str
        Cytoscape's program.
    program : str
        The explorer's, a module.
    """

    content: dict[str, Any]
    style: str
    graphs: str
    program: str


@dataclass(frozen=True)
class Section:
    """Figures, a table or texts with their title and caption; empty parts are left out."""

    title: str
    caption: str = ""
    figures: list[Figure] = field(default_factory=list)  # several stand side by side
    table: Table = field(default_factory=list)
    rest: Table = field(default_factory=list)  # rows that are shown when they are opened
    explorer: Explorer | None = None  # at most one of a page
    codes: list[Code] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # paragraphs; the first in large type


def render(title: str, opening: Section, sections: list[Section]) -> str:
    """Return the page as HTML, with plotly's program in it; the opening stands in its header."""
    from markupsafe import Markup

    program = get_data("plotly", "package_data/plotly.min.js")
    assert program is not None  # the package has no other place for it
    facts = {"title": title, "opening": opening, "sections": sections}
    style = {"layout": LAYOUT, "config": CONFIG, "plotly": Markup(program.decode())}
    return template("report.html.jinja").render(facts, **style)


def template(name: str) -> Template:
    """Return a template of this folder; values are escaped in HTML."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    return Environment(
        loader=PackageLoader("recsys.reporting", "."),
        autoescape=select_autoescape(["html.jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template(name)
