"""The how-to guides: each command is one that the programs take, and the programs of the guides run."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from recsys.cli import COMMANDS
from recsys.cli import inspect as inspect_command
from recsys.runs.trusted import CONF
from recsys.serving.settings import read_settings
from tests import programs
from tests.conftest import ROOT

GUIDES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "docs/how-to").glob("*.md"))}
RECSYS = ["python", "-m", "recsys"]
# What other programs do. Those of the guides themselves are run below.
OTHERS = ("cp", "curl", "docker", "export", "kubectl", "make", "mlflow", "pip", "printf", "python", "wait")
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), flags=re.M)


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", GUIDES[guide], flags=re.S | re.M)


def typed(guide: str) -> Iterator[list[str]]:
    """Yield the words of each command, without those that give its environment and its output."""
    for line in "".join(blocks(guide, "sh")).replace("\\\n", "").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|>")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("&;|"):
                if words:
                    yield words
                words = []
            elif not re.fullmatch(r"[A-Z_]+=.*", word) or words:
                words.append(word)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of settings that the guides have their readers write."""
    folder = tmp_path_factory.mktemp("settings")
    for text in GUIDES.values():
        for name, content in re.findall(
            r"`conf/(\w+/\w+\.yaml)`(?:(?!```).)*```yaml\n(.*?)```", text, flags=re.S
        ):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
    return folder


def check_overrides(words: Sequence[str], settings: Path) -> None:
    """Compose what a command sets; what it searches must be there."""
    overrides = OverridesParser.create().parse_overrides([word for word in words if word != "-m"])
    searched = [one for one in overrides if one.is_sweep_override()]
    fixed = [str(one.input_line) for one in overrides if one not in searched]
    config = compose("config", [*fixed, f"hydra.searchpath=[file://{settings}]"], return_hydra_config=True)
    for one in searched:
        assert OmegaConf.select(config, one.key_or_group) is not None or (CONF / one.key_or_group).is_dir()


class _ParsedError(Exception):
    pass


def check_subcommand(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse the options of a sub-command, and run nothing."""
    parse = argparse.ArgumentParser.parse_args

    def parse_only(self: argparse.ArgumentParser, *arguments: Sequence[str]) -> None:
        parse(self, *arguments)
        raise _ParsedError

    with monkeypatch.context() as patched, contextlib.suppress(_ParsedError):
        if words[0] == "serve":
            read_settings(words[1:], {})
            return
        patched.setattr(argparse.ArgumentParser, "parse_args", parse_only)
        importlib.import_module(f"recsys.cli.{words[0]}").main(words[1:])
        raise AssertionError(words)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_commands_are_taken(guide: str, settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for words in typed(guide):
            if words[:3] != RECSYS:
                assert words[0] in OTHERS, words
                assert words[0] != "make" or words[1] in TARGETS, words
                bodies = [json.loads(body) for body in words if body.startswith("{")]
                assert all(isinstance(body, dict) for body in bodies)
            elif words[3:] and words[3] in COMMANDS:
                check_subcommand(words[3:], monkeypatch)
            else:
                options = words.index("--cfg") if "--cfg" in words else len(words)
                check_overrides(words[3:options], settings)


def test_own_ratings(
    tmp_path: Path, settings: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """From a file of which `inspect` does not know the items to settings that it takes."""
    monkeypatch.chdir(tmp_path)
    for file in (ROOT / "recsys/datasets/data/ml-latest-small-2016").glob("*.csv.gz"):
        shutil.copy(file, tmp_path)
    asked, settled = (words for words in typed("own_ratings") if "inspect" in words)
    assert inspect_command.main(asked[4:]) == 1
    shown, *_ = blocks("own_ratings", "text")
    assert_printed(shown, capfd.readouterr().out)
    assert inspect_command.main(settled[4:]) == 0
    said = capfd.readouterr().out
    assert "To go on" in said
    films = OmegaConf.load(settings / "dataset/films.yaml")
    for role, column in films.columns.items():
        assert f"{role}: {column}" in said


def test_from_mlxtend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The programs print what the guide shows, of which the run with the same settings has as many rules."""
    monkeypatch.chdir(tmp_path)
    shown = blocks("from_mlxtend", "text")
    first, second, lists = blocks("from_mlxtend", "python")
    assert run_python(first, capfd) == shown[0]
    assert run_python(second, capfd) == shown[1]
    assert "jaccard" in run_python(lists, capfd)
    n_itemsets, n_rules = shown[0].split()
    assert f"{n_itemsets} frequent itemsets, {n_rules} rules" in shown[2]


def test_the_sweeper_in_an_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Both applications of the guide, and Optuna's own view of the second one's study."""
    monkeypatch.chdir(tmp_path)
    first, second, look = blocks("sweeper", "python")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/config.yaml").write_text(blocks("sweeper", "yaml")[0])
    (tmp_path / "app.py").write_text(first)
    (tmp_path / "train.py").write_text(second)
    commands = [words for words in typed("sweeper") if words[1:2] in (["app.py"], ["train.py"])]
    assert [words[1] for words in commands] == ["app.py", "train.py", "train.py", "train.py"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    train = "".join(blocks("sweeper", "text")[1].partition("...")[:1])
    for words, lines in zip(commands, ("Best trials:", train), strict=False):
        # Not Hydra's default, which is named after the second: both may begin in the same one.
        command = [sys.executable, *words[1:], f"hydra.sweep.dir=sweeps/{words[1]}"]
        done = programs.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert_printed(lines, done.stdout)
    assert run_python(look, capfd).startswith("40 {'rate': ")


def run_python(program: str, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    exec(program, {})
    return capfd.readouterr().out


def assert_printed(shown: str, printed: str) -> None:
    """Assert that each line of a block is in what was printed, but for its ends that are cut ("...")."""
    lines = [line.strip() for line in printed.splitlines()]
    for line in shown.splitlines():
        part = line.strip().rstrip(".").strip()
        assert any(part in one for one in lines), part
