"""Notebooks as pages: cells, and the outputs that they were saved with, as Markdown; nothing is executed."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

LINK = re.compile(r"(\]\([^()\s]*)\.ipynb([)#])")
MARKS = re.compile(r"^`{3,}", re.MULTILINE)


def page_of(notebook: Path) -> str:
    """Return a notebook as Markdown, with a link to the file."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    parts = [part for cell in cells for part in _cell(cell)]
    download = f'<a href="{notebook.name}" download>Download this notebook</a>'
    return "\n\n".join([*parts, download])


def link_to_pages(markdown: str) -> str:
    """Return a text whose links to notebooks lead to their pages."""
    return LINK.sub(r"\1.md\2", markdown)


def _cell(cell: dict[str, Any]) -> list[str]:
    source = _text(cell["source"])
    if cell["cell_type"] != "code":
        return [source]
    return [_block("python", source), *map(_output, cell["outputs"])]


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _block("text", _text(output["text"]))
    if output["output_type"] == "error":
        raise ValueError(f"a notebook was saved with an error: {output['evalue']}")
    data = output["data"]
    text = _text(data.get("text/plain", ""))
    if "text/html" in data:
        return f'<div class="output">\n{_text(data["text/html"]).strip()}\n</div>'
    if "image/png" in data:
        image = _text(data["image/png"]).replace("\n", "")
        return f'<img class="output" alt="{escape(text)}" src="data:image/png;base64,{image}">'
    return _block("text", text)


def _block(language: str, text: str) -> str:
    fence = "`" * max([3, *(len(mark) + 1 for mark in MARKS.findall(text))])
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _text(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)
