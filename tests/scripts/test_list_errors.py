import functools
import inspect
from pathlib import Path

import pytest

from recsys import errors
from scripts.list_errors import main, messages

read_once = functools.cache(messages)


@pytest.fixture(autouse=True)
def _sources_are_read_once(monkeypatch):
    monkeypatch.setattr("scripts.list_errors.messages", read_once)


SOURCE = """
_CURE = "Run: pip install it"

class OurError(RecsysError):
    pass

def check(value, name):
    rule = "a number"
    if value is None:
        raise ParameterError(f"group.{name}", rule, value, f"Set group.{name}=3.")
    elif value < 0:
        raise refusal("hydra.sweeper.x", "at least 0", value)
    raise OurError(f"{name} is not there. " + _CURE)
    raise ValueError("not ours")
"""


def test_messages_are_put_together_from_their_parts(tmp_path):
    (tmp_path / "recsys").mkdir()
    (tmp_path / "hydra_plugins").mkdir()
    Path(tmp_path, "recsys/module.py").write_text(SOURCE)
    first, second, third = messages(tmp_path)
    assert (first.place, first.error) == ("recsys/module.py:10", "ParameterError")
    assert first.text == "group.{name} must be a number. Got {value}. Set group.{name}=3."
    assert (first.cure, first.is_typed) == ("Set group.{name}=3.", True)
    assert (second.error, second.cure, second.is_typed) == ("SweepError", "", False)
    assert (third.error, third.cure, third.is_typed) == ("OurError", "Run: pip install it", True)


def test_the_table_has_every_class_of_the_tree(capsys):
    main([])
    table = capsys.readouterr().out
    abstract = {"RecsysError", "DataError"}
    tree = {
        name for name, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__
    }
    for name in tree - abstract:
        assert f"| {name} |" in table
    assert "| SweepError | hydra.sweeper" in table


def test_the_number_of_messages_is_told(capsys):
    main(["--cures"])
    *rows, empty, told = capsys.readouterr().out.splitlines()
    assert not empty
    assert told.startswith(f"{len(rows) - 2} messages, ")
