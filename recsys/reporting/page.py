"""Pages made from templates: the sections of a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from jinja2 import Template


@dataclass(frozen=True)
class Section:
    """A figure, table or text with its title and caption; empty parts are left out."""

    title: str
    caption: str = ""
    plot: go.Figure | None = None
    table: list[list[str]] = field(default_factory=list)  # the header first
    code: str = ""
    best: str = ""  # the main result, in large type
    lines: list[str] = field(default_factory=list)  # paragraphs


def render(title: str, sections: list[Section]) -> str:
    """Return the page as HTML, with plotly's program in it."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    def html(plot: go.Figure) -> Markup:
        config = {"displaylogo": False, "responsive": True}
        return Markup(plot.to_html(full_html=False, include_plotlyjs=False, config=config))

    facts = {"title": title, "sections": sections}
    return template("report.html.jinja").render(facts, html=html, plotly=Markup(get_plotlyjs()))


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
