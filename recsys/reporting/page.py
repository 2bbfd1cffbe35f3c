"""The page of a report: its style, and the pieces that it is put together from."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1e293b; background: #f1f5f9; margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 24px; }
h1 { font-size: 24px; margin: 8px 0 16px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 8px; }
section { background: #fff; border: 1px solid #e2e8f0; border-radius: 8px; padding: 16px 20px;
          margin: 0 0 16px; }
p { margin: 4px 0 8px; }
p.note { color: #64748b; font-size: 13px; }
p.best { font-size: 19px; }
pre { background: #f8fafc; border: 1px solid #e2e8f0; border-radius: 6px; padding: 10px 12px; margin: 0 0 8px;
      font: 13px/1.45 ui-monospace, monospace; overflow-x: auto; max-height: 420px; }
div.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid #e2e8f0; }
th { color: #64748b; font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
"""


def page(title: str, sections: list[str]) -> str:
    """A whole page, plotly's program included once."""
    from plotly.offline import get_plotlyjs

    return (
        "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><script>{get_plotlyjs()}</script></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n" + "\n".join(sections) + "\n</main></body></html>\n"
    )


def section(title: str, body: str) -> str:
    """A part of the page under a heading."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def note(text: str) -> str:
    """A line of explanation; nothing where there is none."""
    return f"<p class=note>{escape(text)}</p>" if text else ""


def code(text: str) -> str:
    """Something to copy."""
    return f"<pre>{escape(text.rstrip())}</pre>"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table of text."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=table><table><tr>{head}</tr>{body}</table></div>"


def figure(drawn: go.Figure) -> str:
    """A figure of plotly; its program is in the page already."""
    html: str = drawn.to_html(
        full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True}
    )
    return html
