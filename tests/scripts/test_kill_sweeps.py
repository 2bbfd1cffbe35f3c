"""The program that kills sweeps runs, once and on little."""

from importlib import import_module

from tests import programs
from tests.conftest import ROOT


def test_one_kill(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    program = import_module("kill_sweeps")
    programs.fork_in("kill_sweeps", monkeypatch)
    (outcome,) = program.kill(tmp_path, 1, 2, ["SIGKILL"], [1], [program.SQLITE])
    assert outcome.kills == 1
    assert outcome.complete == 1
    assert outcome.problems == []
