"""The page of a report: sections, rendered by a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go


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
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    def figure(plot: go.Figure) -> Markup:
        config = {"displaylogo": False, "responsive": True}
        return Markup(plot.to_html(full_html=False, include_plotlyjs=False, config=config))

    loader = PackageLoader("recsys.reporting", ".")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["figure"] = figure
    template = environment.get_template("report.html.jinja")
    return template.render(title=title, sections=sections, plotly=Markup(get_plotlyjs()))
