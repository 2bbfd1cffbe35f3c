"""What Python source says in comments: of the fields of a class, of the entries of a dictionary."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Commented:
    """A name with the source of its value and the comment above it."""

    name: str
    value: str
    comment: list[str]


def fields(file: str, name: str) -> Iterator[Commented]:
    """Yield the fields of a dataclass."""
    source = (ROOT / file).read_text("utf-8")
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    for node in classes[name].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            value = ast.unparse(node.value) if node.value else ""
            yield Commented(node.target.id, value, _above(source, node.lineno))


def entries(file: str, name: str) -> Iterator[Commented]:
    """Yield the entries of a dictionary of the module whose keys are texts."""
    source = (ROOT / file).read_text("utf-8")
    for node in ast.parse(source).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(one, ast.Name) and one.id == name for one in targets):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                yield Commented(key.value, ast.unparse(value), _above(source, key.lineno))


def _above(source: str, line: int) -> list[str]:
    lines = [text.strip() for text in source.splitlines()[: line - 1]]
    above = list(takewhile(lambda text: text.startswith("#"), reversed(lines)))
    return [text.removeprefix("#").removeprefix(" ") for text in reversed(above)]
