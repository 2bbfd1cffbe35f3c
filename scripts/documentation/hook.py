"""Hook of mkdocs: replaces `<!-- generated: NAME ARGUMENT -->` in a page by a part of the reference.

Nothing that is generated is kept, so that the reference cannot differ from what it describes: the comments of
conf/, the parsers of the command line, the settings of the sweeper, OpenAPI and the comments of the measures.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.documentation import command_line, configuration, http_api, measures, sweeper

GENERATED = {
    "configuration": configuration.group,
    "main configuration": configuration.main,
    "commands": command_line.commands,
    "make targets": command_line.targets,
    "sweeper settings": sweeper.settings,
    "samplers": sweeper.samplers,
    "pruners": sweeper.pruners,
    "measures": measures.measures,
    "endpoints": http_api.endpoints,
    "http errors": http_api.errors,
}
MARKER = re.compile(r"^<!-- generated: ([a-z ]+?)(?:: (\S+))? -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the text of a page with its generated parts."""

    def generate(match: re.Match[str]) -> str:
        name, argument = match.groups()
        return GENERATED[name](*([argument] if argument else []))

    return MARKER.sub(generate, markdown)


# numpydoc's "array, shape (n, m), bool" is read as a tuple of Python, and shown as "(array, shape(n, m), bool)".
TUPLE = re.compile(r"<code>\(((?:(?!</code>).)*?\bshape\(.*?)\)</code>")


def on_page_content(html: str, **_: Any) -> str:
    """Return the HTML of a page with the shapes of arrays as the docstrings have them."""
    return TUPLE.sub(lambda match: f"<code>{match.group(1).replace('shape(', 'shape (')}</code>", html)
