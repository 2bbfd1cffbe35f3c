"""Titles, ids and names of strangers, in a terminal and in the log: without control characters."""

import json
import logging
from dataclasses import replace

import pytest

from optuna_sweeper.safe_text import SafeFormatter
from recsys.cli import recommend, terminal
from recsys.data import ItemCatalog
from recsys.errors import DataFormatError, ParameterError
from recsys.models.bundle import Bundle
from recsys.pipeline import run
from recsys.runs.output import Output
from recsys.runs.stored_config import read_experiment
from tests.models.problems import bundle_of
from tests.tracking.run_folders import write_run

TITLE = "Heat\x1b[31m (1995)\r\nINFO: all is well\u202e\x9b2J"
SHOWN = r"Heat\u001b[31m (1995)\u000d\u000aINFO: all is well\u202e\u009b2J"


def is_safe(text):
    return not any(letter in text for letter in "\x1b\r\u202e\x9b") and "\nINFO" not in text


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a bundle whose titles would control a terminal."""
    bundle = bundle_of("rules")
    ids = bundle.model.items
    titles = tuple(f"{TITLE} {item}" for item in ids.tolist())
    folder = tmp_path_factory.mktemp("model")
    replace(bundle, catalog=ItemCatalog(ids, titles, ((),) * len(ids))).save(folder)
    return folder


def test_recommendations(model, capsys):
    title = Bundle.load(model).catalog.title[0]
    assert recommend.main(["--model", str(model), "--likes", title]) == 0
    told = capsys.readouterr().out
    assert is_safe(told)
    assert f"You liked {SHOWN}" in told


def test_recommendations_as_json_hold_the_titles(model, capsys):
    title = Bundle.load(model).catalog.title[0]
    assert recommend.main(["--model", str(model), "--json", "--likes", title]) == 0
    told = capsys.readouterr().out
    assert is_safe(told)
    assert json.loads(told)["likes"] == [title]


def test_errors_that_quote_titles(model, capsys):
    assert recommend.main(["--model", str(model), "--likes", "Heat"]) == 1
    told = capsys.readouterr().err
    assert is_safe(told)
    assert told.count("\n") == 1


def test_errors():
    for error in (DataFormatError(f"no {TITLE}"), ParameterError("k", "one", TITLE, f"Not {TITLE}.")):
        assert is_safe(str(error))
        assert "\n" not in str(error)
    assert str(DataFormatError(f"no {TITLE}")) == f"no {SHOWN}"
    assert str(ParameterError("k", "a number", 3).within("apriori")) == "apriori.k must be a number. Got 3."


def test_secrets_in_errors():
    error = ParameterError("x", "an address", "postgresql://me:hunter2@host/db?password=hunter2")
    assert "hunter2" not in str(error)
    assert "hunter2" not in str(error.within("y"))


def test_rules_that_a_run_tells(tmp_path):
    items = tmp_path / "items.csv"
    items.write_text(
        "item_id,title\n" + "".join(f'{item},"{TITLE} {item}"\n' for item in range(16)), newline=""
    )
    folder = write_run(tmp_path / "run", f"dataset.items_path={items}", "evaluation=none")
    lines = Output(show_rules=3).describe(run(read_experiment(folder)))
    assert len(lines) == 4
    assert all(is_safe(line) and "\n" not in line for line in lines)
    assert r"Heat\u001b[31m" in lines[1]


def test_tables():
    told = terminal.table([("version", "dataset"), ("1", TITLE)])
    assert told.split("\n")[1] == f"1        {SHOWN}"


def test_log_lines_and_tracebacks():
    try:
        raise ValueError(f"postgresql://me:hunter2@host/db {TITLE}")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("recsys", logging.INFO, "", 1, "a\tb\n%s", ("token=hunter2",), info)
    told = SafeFormatter("%(message)s").format(record)
    assert told.startswith("a\tb\ntoken=***\nTraceback")
    assert "hunter2" not in told
    assert not any(letter in told for letter in "\x1b\r\u202e\x9b")
