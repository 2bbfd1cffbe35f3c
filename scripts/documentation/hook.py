"""Hook of mkdocs: replaces `<!-- generated: NAME ARGUMENT -->` in a page by a part of the reference.

Notebooks become pages, too. Nothing that is generated is kept, so that the reference cannot differ from what
it describes: the comments of conf/, the parsers of the command line, the settings of the sweeper, OpenAPI and
the comments of the measures.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.documentation import command_line, configuration, http_api, measures, notebooks, sweeper

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


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        name = file.src_uri.removesuffix(".ipynb") + ".md"
        page = notebooks.page_of(Path(str(file.abs_src_path)))
        files.append(File.generated(config, name, content=page))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the text of a page with its generated parts."""

    def generate(match: re.Match[str]) -> str:
        name, argument = match.groups()
        return GENERATED[name](*([argument] if argument else []))

    return notebooks.link_to_pages(MARKER.sub(generate, markdown))


# numpydoc's "array, shape (n, m), bool" is read as a tuple of Python: "(array, shape(n, m), bool)".
TUPLE = re.compile(r"<code>\(((?:(?!</code>).)*?\bshape\(.*?)\)</code>")
# Counts and supports of pages with `formulas: true`: n_ac.
INDEXED = re.compile(r"\b([ns])_(ac|[ac012])\b")


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Return the HTML of a page with the shapes of arrays as the docstrings have them, and with indices."""
    html = TUPLE.sub(lambda match: f"<code>{match.group(1).replace('shape(', 'shape (')}</code>", html)
    return INDEXED.sub(r"<i>\1</i><sub>\2</sub>", html) if page.meta.get("formulas") else html
