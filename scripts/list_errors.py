"""List every message of the project's errors, each with its cure, read from the source.

The list has the errors of the tree in `recsys/errors.py`, of the sweeper and of the service, their
subclasses, and every other text with something to type, such as a warning or a part of a message. Values
that are known only at run time stand in braces.

    python scripts/list_errors.py                 # a table in Markdown
    python scripts/list_errors.py --cures         # only the cures with something to type
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ("recsys", "optuna_sweeper", "hydra_plugins")
BASES = ("RecsysError", "SweepError", "ApiError")
# Errors made from parts: the message, in the order of the arguments.
PARTS = {
    "ParameterError": ("parameter", "rule", "value", "cure"),
    "refusal": ("key", "rule", "value", "cure"),
}
# Text that a user can type: a command, an override of a config key, or an expression of Python.
COMMAND = (
    r"\b(?:python -m|pip install|openssl rand|head -n|mlflow (?:ui|experiments)|make (?:serve|sweep|ui))\b"
)
TYPED = re.compile(COMMAND + r"|[\w}]=[\w{$'\[\"-]|'~\w|\w\.\w+\(|`command`")
# Functions that return something to type.
MAKERS = ("typed_override", "run_command", "registry_command", "shlex.join")
MADE = re.compile(rf"\{{(?:{'|'.join(map(re.escape, MAKERS))})\(")
SENTENCE = re.compile(r"(?<=[.:;}]) (?=[A-Z]|python -m)|; ")
TEXT = "(text)"  # in place of the class, for a text outside the call of an error
# Arguments of these calls, and texts in these functions, are not messages.
HELP = {"ArgumentParser", "add_argument", "add_parser", "add_subparsers", "NamedTemporaryFile"}
FORMS = {"__repr__", "__str__"}


@dataclass(frozen=True)
class Message:
    """One place in the source that raises an error.

    Attributes
    ----------
    place : str
        File and line.
    error : str
        Name of the class; `TEXT` where it is a text alone.
    text : str
        The message; values in braces.
    cure : str
        What the message says to do: its last argument where the error has parts, else the sentences after
        the first. Empty when the first sentence says it all.
    """

    place: str
    error: str
    text: str
    cure: str

    @property
    def is_typed(self) -> bool:
        """Whether the cure has a command or an override."""
        return is_typed(self.cure)


def is_typed(text: str) -> bool:
    """Return whether a text, with values in braces, has a command, an override or an expression."""
    text = MADE.sub("`command`{(", text)
    while text != (bare := re.sub(r"\{[^{}]+\}", "{}", text)):
        text = bare
    return bool(TYPED.search(text))


def messages(root: Path) -> list[Message]:
    """Return the messages of all sources below a folder, by file and line."""
    trees = {
        path: ast.parse(path.read_text())
        for folder in SOURCES
        for path in sorted((root / folder).rglob("*.py"))
    }
    errors = _classes(trees.values())
    errors |= PARTS.keys()
    constants: dict[str, str] = {}
    for tree in trees.values():
        _assign(tree.body, constants)
    found = []
    for path, tree in trees.items():
        known = dict(constants)
        _assign(tree.body, known)
        for call, names in _calls(tree, known):
            error = _name(call.func)
            if error in errors:
                found.append(_message(f"{path.relative_to(root)}:{call.lineno}", error, call, names))
    tried_text = "\n".join(one.text for one in found)
    for path, tree in trees.items():
        known = dict(constants)
        _assign(tree.body, known)
        for node in _literals(tree, HELP | errors):
            text = _text(node, known)
            if " " in text.strip() and is_typed(text) and text not in tried_text:
                found.append(Message(f"{path.relative_to(root)}:{node.lineno}", TEXT, text, text))
    return found


def _literals(node: ast.AST, left_out: set[str]) -> Iterator[ast.expr]:
    """Yield the literals of text that may be messages: no docstrings, help texts, forms or HTML.

    Those in calls of the names in `left_out` are left out.
    """
    if isinstance(node, ast.FunctionDef) and node.name in FORMS:
        return
    if isinstance(node, ast.Call) and _name(node.func) in left_out:
        return
    if _is_made(node):
        yield node
        return
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        if not _text(node, {}).lstrip().startswith(("<", "#!", "example:")):
            yield node
        return
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from _literals(child, left_out)


def _classes(trees: Iterable[ast.Module]) -> set[str]:
    """Return the names of all classes that derive from the bases."""
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    names = set(BASES)
    while derived := {one.name for one in classes if names & {_name(base) for base in one.bases}} - names:
        names |= derived
    return names


def _calls(tree: ast.Module, constants: Mapping[str, str]) -> Iterator[tuple[ast.Call, Mapping[str, str]]]:
    """Yield each call with the texts of the names in its scope."""

    def visit(node: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[ast.Call, Mapping[str, str]]]:
        if isinstance(node, ast.FunctionDef):
            names = dict(names)
            _assign(ast.walk(node), names)
        if isinstance(node, ast.Call):
            yield node, names
        for child in ast.iter_child_nodes(node):
            yield from visit(child, names)

    yield from visit(tree, constants)


def _assign(nodes: Iterable[ast.AST], names: dict[str, str]) -> None:
    """Add the texts that are assigned to names; all of them where a name has several."""
    new: dict[str, list[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            pairs = [(node.targets[0], node.value)]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
            for target, value in pairs:
                if isinstance(target, ast.Name) and _is_text(value):
                    texts = new.setdefault(target.id, [])
                    texts.append(_text(value, names))
                    names[target.id] = " | ".join(dict.fromkeys(texts))


def _is_made(node: ast.AST) -> bool:
    # The name first: writing an expression as text takes long.
    return (
        isinstance(node, ast.Call)
        and _name(node.func) in {name.rpartition(".")[2] for name in MAKERS}
        and bool(MADE.match(_text(node, {})))
    )


def _is_text(node: ast.AST) -> bool:
    if _is_made(node):
        return True
    texts = (one for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.IfExp) and any(texts)


def _text(node: ast.AST | None, names: Mapping[str, str]) -> str:
    """Return an expression as text, with braces around values known only at run time."""
    match node:
        case None:
            return ""
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, names) for part in parts)
        case ast.FormattedValue(value=value):
            return _text(value, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, names) + _text(right, names)
        case ast.IfExp(body=body, orelse=other):
            return f"[{_text(body, names)} | {_text(other, names)}]"
        case ast.Name(id=name) if name in names:
            return names[name]
        case _:
            return "{" + ast.unparse(node) + "}"


def _message(place: str, error: str, call: ast.Call, names: Mapping[str, str]) -> Message:
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg)]
    texts = [_text(one, names) for one in given]
    if error in PARTS and len(texts) >= len(PARTS[error]) - 1:
        key, rule, value, cure = (*texts, "")[:4]
        text = f"{key} must be {rule}. Got {value}. {cure}".rstrip()
        return Message(place, "SweepError" if error == "refusal" else error, text, cure)
    text = " ".join(texts)
    cure = " ".join(one for one in SENTENCE.split(text)[1:] if not one.startswith("Got "))
    return Message(place, error, text, cure)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cures", action="store_true", help="only messages whose cure holds something to type"
    )
    only_typed = parser.parse_args(arguments).cures
    found = [one for one in messages(ROOT) if one.is_typed or not only_typed]
    print("| where | error | message | cure |\n| --- | --- | --- | --- |")
    for one in found:
        cells = (one.place, one.error, one.text, one.cure)
        print("|", " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells), "|")
    print(f"\n{len(found)} messages, {sum(one.is_typed for one in found)} with something to type.")


if __name__ == "__main__":
    main()
