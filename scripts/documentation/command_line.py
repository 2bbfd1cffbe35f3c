"""The reference of the command line, from the parsers of the sub-commands and the targets of the Makefile."""

from __future__ import annotations

import argparse
import re
import textwrap
from importlib import import_module
from unittest import mock

from recsys.cli import COMMANDS
from scripts.documentation import text
from scripts.documentation.source import ROOT


class _Parsed(BaseException):
    """Ends a program where it would read its arguments."""


def commands() -> str:
    """Return the sub-commands with their options."""
    return "\n\n".join(_command(name) for name in COMMANDS)


def targets() -> str:
    """Return the targets of the Makefile."""
    found = re.findall(r"^([\w-]+):.*## (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return text.entries(
        text.entry([(f"make-{name}", f"make {name}", "")], text.paragraphs([what])) for name, what in found
    )


def parser_of(command: str) -> argparse.ArgumentParser:
    """Return the parser of a sub-command, which its program makes before anything else."""
    found = []

    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        found.append(parser)
        raise _Parsed

    main = import_module(f"recsys.cli.{command}").main
    with mock.patch.object(argparse.ArgumentParser, "parse_args", stop):
        try:
            main([])
        except _Parsed:
            return found[0]
    raise RuntimeError(f"recsys {command} does not read its arguments first")


def _command(name: str) -> str:
    parser = parser_of(name)
    parts = [f"## {name} {{ #{name} }}", *_described(name, parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            for verb, inner in action.choices.items():
                parts.append(f"### {name} {verb} {{ #{name}-{verb} }}")
                parts.append(text.paragraphs([_sentence(helps.get(verb, ""))]))
                parts += _described(f"{name}-{verb}", inner)
    if parser.epilog:
        parts.append(_epilog(parser.epilog))
    return "\n\n".join(parts)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _described(name: str, parser: argparse.ArgumentParser) -> list[str]:
    words = " ".join(parser.format_usage().removeprefix("usage: ").split())
    usage = textwrap.fill(words, 84, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    listed = [
        text.entry([(f"{name}-{_name(action)}", _shown(action), "")], _help(parser, action))
        for action in parser._actions
        if action.dest != "help" and not isinstance(action, argparse._SubParsersAction)
    ]
    described = text.paragraphs((parser.description or "").splitlines())
    return [described, f"```text\n{usage}\n```", text.entries(listed)]


def _epilog(epilog: str) -> str:
    lines = epilog.rstrip().splitlines()
    if not lines[0].startswith("example"):
        return text.paragraphs(lines)
    commands = "\n".join(line.strip() for line in lines[1:])
    return f"```sh\n{commands}\n```"


def _name(action: argparse.Action) -> str:
    return action.option_strings[-1].lstrip("-") if action.option_strings else action.dest


def _shown(action: argparse.Action) -> str:
    metavar = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices and not action.metavar:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return str(metavar)
    return f"{', '.join(action.option_strings)} {metavar}".strip()


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    expanded = (action.help or "") % (vars(action) | {"prog": parser.prog})
    return text.paragraphs(_sentence(expanded.rstrip(".")).splitlines())
