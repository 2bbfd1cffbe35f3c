"""The sub-commands: one list of them, one way of help, errors and tables."""

import io
import os
from importlib import import_module

import pytest

from recsys.cli import COMMANDS, terminal
from recsys.errors import DataError


@pytest.mark.parametrize("command", COMMANDS)
def test_each_has_a_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        import_module(f"recsys.cli.{command}").main(["--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: python -m recsys {command} ")
    assert "\n  -h, --help" in printed


def test_an_error_is_one_line_and_an_exit_code(capsys):
    @terminal.print_errors
    def main(arguments):
        raise DataError("no data")

    assert main([]) == 1
    assert capsys.readouterr().err == "no data\n"


@pytest.mark.parametrize("unbuffered", [False, True])  # PYTHONUNBUFFERED
def test_nobody_reads_what_is_printed(monkeypatch, unbuffered):
    @terminal.print_errors
    def main(arguments):
        print("x")
        if arguments:
            raise BrokenPipeError("of a network")
        return 0

    readable, writable = os.pipe()
    os.close(readable)
    with io.TextIOWrapper(
        os.fdopen(writable, "wb", 0 if unbuffered else -1), write_through=unbuffered
    ) as stream:
        monkeypatch.setattr("sys.stdout", stream)
        assert main([]) == 1
        with pytest.raises(BrokenPipeError, match="of a network"):  # the pipe was redirected to nowhere
            main(["--latest"])
