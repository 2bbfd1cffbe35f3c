"""Commands and programs of the first pages and the concepts: they are accepted, and print what is shown."""

import re
import shlex

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from recsys.cli import COMMANDS
from scripts.documentation.command_line import parser_of
from tests.conftest import ROOT

PAGES = [ROOT / "docs/index.md", ROOT / "docs/start.md", *sorted((ROOT / "docs/concepts").glob("*.md"))]
PROGRAM = "python -m recsys "
FLAGS = ("-m", "--help", "--cfg", "job", "-p", "apriori")  # those of Hydra, and their values


def commands():
    """Return the commands of the pages that run the program, without its name."""
    blocks = [
        block for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.S)
    ]
    lines = "\n".join(re.sub(r"(?m)^ +", "", block) for block in blocks).replace("\\\n", " ").splitlines()
    return [line.removeprefix(PROGRAM) for line in dict.fromkeys(lines) if line.startswith(PROGRAM)]


def first_value(override):
    """Return an override with the first value that a sweep would try."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    values = parsed.sweep_string_iterator() if parsed.is_sweep_override() else [parsed.get_value_string()]
    return f"{parsed.get_key_element()}={next(iter(values))}"


@pytest.mark.parametrize("command", commands())
def test_the_program_takes_the_command(command):
    name, *arguments = shlex.split(command)
    if name in COMMANDS:
        parser_of(name).parse_args(arguments)  # ends the program if an option is unknown
        return
    overrides = [first_value(one) for one in (name, *arguments) if one not in FLAGS]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        assert compose("config", overrides, return_hydra_config=True)


def programs():
    """Return the Python programs of the start page with what they print."""
    return re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", PAGES[1].read_text("utf-8"), re.S)


@pytest.mark.parametrize(("program", "shown"), programs())
def test_a_program_prints_what_is_shown(program, shown, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert capsys.readouterr().out.endswith(shown)
