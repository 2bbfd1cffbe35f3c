"""`make setup` installs by uv, and by pip where uv cannot."""

import os
from importlib import import_module
from types import SimpleNamespace

import pytest

from tests.conftest import ROOT

CONFIG = """\
:env:.disable-pip-version-check='1'
:env:.index-url='https://env.invalid/simple'
global.index-url='https://global.invalid/simple'
global.timeout='60'
"""


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Run the program with the given settings of pip; return its exit code and what it called."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    program = import_module("install_requirements")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("typing==1\nuv==0.9.2 ; python_version > '3'\nuvicorn==2\n")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)

    def installed(config="", failing=None):
        called = []

        def run(command, env=os.environ, **_):
            words = list(map(str, command))
            if "config" in words:
                return SimpleNamespace(stdout=config, returncode=0)
            called.append((words, env.get("UV_DEFAULT_INDEX")))
            return SimpleNamespace(returncode=int(failing is not None and failing in words))

        monkeypatch.setattr(program.subprocess, "run", run)
        return program.main(str(requirements)), [
            (words[0].split("/")[-1], *words[-2:], index) for words, index in called
        ]

    return installed


def test_uv_installs_the_lock(installed):
    code, ((_, _, uv, _), (program, _, file, index)) = installed()
    assert (code, uv, program, index) == (0, "uv==0.9.2", "uv", None)
    assert file.endswith("requirements.txt")


def test_uv_gets_the_index_of_pip(installed):
    _, (_, (*_, index)) = installed(CONFIG)
    assert index == "https://env.invalid/simple"
    _, (_, (*_, index)) = installed(CONFIG.replace(":env:.index", ":env:.other"))
    assert index == "https://global.invalid/simple"


def test_an_index_of_uv_itself_is_kept(installed, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.invalid/simple")
    _, (_, (*_, index)) = installed(CONFIG)
    assert index == "https://uv.invalid/simple"


@pytest.mark.parametrize("failing", ["uv==0.9.2", "--python"])
def test_pip_takes_over_where_uv_fails_and_says_so(installed, failing, capsys):
    code, called = installed(failing=failing)
    assert (code, called[-1][0].startswith("python")) == (0, True)
    assert called[-1][2].endswith("requirements.txt")
    assert "pip does it" in capsys.readouterr().err


def test_pip_alone_where_it_may_use_no_index(installed, capsys):
    _, called = installed("global.no-index='true'\n")
    assert [words[1] for words in called] == ["-r"]
    assert "pip does it" in capsys.readouterr().err


def test_a_failure_of_pip_is_the_exit_code(installed):
    code, _ = installed("global.no-index='true'\n", failing="--no-compile")
    assert code == 1
