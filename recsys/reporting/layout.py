"""What the figures of a report share: colours, for light and dark pages, and plotly's layout."""

from typing import Any

BLUE, RED, GREY = "var(--series)", "var(--mark)", "var(--faint)"
# From blue to orange, all of a middle lightness: visible on white and on black, and to the colour-blind.
COLOURS = [[0, "#4b86e8"], [0.5, "#b565b8"], [1, "#ee7b30"]]

_AXIS = {
    "gridcolor": "var(--line)", "zerolinecolor": "var(--line)", "linecolor": "var(--line)",
    "automargin": True, "title": {"standoff": 8, "font": {"size": 13}},
}  # fmt: skip

# Dragging would select, where a finger wants to scroll the page; plotly's buttons turn it on.
LAYOUT: dict[str, Any] = {
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": "var(--text)"},
    "paper_bgcolor": "var(--card)", "plot_bgcolor": "var(--card)",
    "modebar": {"bgcolor": "var(--card)", "color": "var(--quiet)", "activecolor": "var(--accent)"},
    "margin": {"l": 40, "r": 16, "t": 28, "b": 40},
    "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    "hoverlabel": {"align": "left"}, "dragmode": False, "uirevision": "kept",
    "template": {"layout": {"xaxis": _AXIS, "yaxis": _AXIS}},
}  # fmt: skip
# No button that sends data anywhere.
CONFIG = {
    "displaylogo": False, "responsive": True,
    "modeBarButtonsToRemove": [
        "sendChartToCloud", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d",
    ],
}  # fmt: skip


def title(text: str) -> dict[str, str]:
    """Return the title of an axis."""
    return {"text": text}


def short_names(names: list[str]) -> dict[str, str]:
    """Return for each name its last part, or as many of its parts as tell it from the others.

    >>> short_names(["apriori.min_support", "recommender.half_life", "recommender.rules.half_life"])
    {'apriori.min_support': 'min_support', 'recommender.half_life': 'recommender.half_life', ...}
    """
    return {name: _short(name, [other for other in names if other != name]) for name in names}


def _short(name: str, others: list[str]) -> str:
    parts = name.split(".")
    for n_parts in range(1, len(parts)):
        end = ".".join(parts[-n_parts:])
        if not any(f".{other}".endswith(f".{end}") for other in others):
            return end
    return name
