"""Recommendations for many users in a file."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from recsys.cli.recommend import main
from recsys.models import recommendation_file
from tests.models.problems import bundle_of, wide
from tests.models.test_bundle_options import of_orders


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of a bundle of films, of one whose users have names, and of one of a shop."""
    folder = tmp_path_factory.mktemp("saved")
    bundle_of("rules_max").save(folder / "films")
    named = replace(wide(), users=np.array(["all", "u", "v"]))
    bundle_of("rules_max", named).save(folder / "named")
    of_orders().save(folder / "shop")
    return folder


@pytest.fixture
def write(saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recommendation_file, "AT_ONCE", 2)

    def write(model, *options):
        """Return the exit code and what was printed."""
        code = main(["--model", str(saved / model), *map(str, options)])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return write


def rows_of(path):
    return pq.read_table(path).to_pylist()


def table_of(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


LIMITS = ("--k", 4, "--exclude", "60", "Title 70", "--category", "drama", "--max-per-category", 3)


@pytest.mark.parametrize(
    ("model", "options"),
    [("films", LIMITS), ("films", ["--seen", "60"]), ("shop", ["--reasons", 1]), ("shop", [])],
)
def test_each_list_is_that_of_the_user_alone(write, model, options):
    code, said = write(model, "--users", "all", "--out", "all.parquet", *options)
    rows = rows_of("all.parquet")
    users = list(dict.fromkeys(row["user_id"] for row in rows))
    assert code == 0
    assert said.startswith(f"Wrote {len(rows)} recommendations for {len(users)} users to all.parquet in ")
    assert len(users) > 1
    for user in users[-2:]:
        alone = json.loads(write(model, "--user", user, "--json", *options)[1])["recommendations"]
        mine = [row for row in rows if row["user_id"] == user]
        assert [row.pop("rank") for row in mine] == list(range(1, len(alone) + 1))
        for row, one in zip(mine, alone, strict=True):
            shared = row.keys() & one.keys()
            assert shared >= {"item_id", "title", "score", "source", "reasons"}
            assert {name: row[name] for name in shared} == {name: one[name] for name in shared}


def test_every_format_has_the_same_rows(write):
    for name in ("a.parquet", "a.csv", "a.json", "a.jsonl"):
        assert write("films", "--users", "all", "--out", name)[0] == 0
    table = table_of("a.csv")
    rows = rows_of("a.parquet")
    assert json.loads(Path("a.json").read_text()) == rows
    assert list(map(json.loads, Path("a.jsonl").read_text().splitlines())) == rows
    for row, cells in zip(rows, table, strict=True):
        reasons = row.pop("reasons")
        assert {name: str(value) for name, value in row.items()} == cells
        assert row["reason"].count("; ") == len(reasons) - 1
    assert any("because you liked Title 10 (" in row["reason"] for row in rows)


def test_a_spreadsheet_runs_no_title_as_a_formula(tmp_path):
    bundle = bundle_of("rules_max")
    titles = tuple(f"=1+{title}" for title in bundle.catalog.title)
    bundle = replace(bundle, catalog=replace(bundle.catalog, title=titles))
    users = bundle.histories.users.tolist()[:2]
    for name in ("a.csv", "a.parquet"):
        recommendation_file.write_recommendations(bundle, users, tmp_path / name)
    exact = [row["title"] for row in rows_of(tmp_path / "a.parquet")]
    assert exact
    assert all(title.startswith("=1+") for title in exact)
    assert [row["title"] for row in table_of(tmp_path / "a.csv")] == [f"'{title}" for title in exact]


def test_some_users(write, tmp_path):
    (tmp_path / "users.txt").write_text("\ufeffuser_id\n3\n\n1\n3\nnew\n")
    code, said = write("films", "--users", "users.txt", "--out", "some.csv")
    assert code == 1
    assert said == (
        "--users: the model does not know 1 of 4 users: 'new'. To leave them out, add --skip-unknown.\n"
    )
    code, said = write("films", "--users", "users.txt", "--out", "some.csv", "--skip-unknown", "--k", 1)
    assert said.startswith(
        "Left out 1 users that the model does not know.\nWrote 2 recommendations for 2 users"
    )
    assert [row["user_id"] for row in table_of("some.csv")] == ["3", "1"]
    assert write("films", "--users", "2", "1", "--out", "two.jsonl")[0] == 0
    assert (
        "There is no file of this name, either." in write("films", "--users", "no.txt", "--out", "no.csv")[1]
    )


def test_what_can_be_read_in_two_ways_is_refused(write, tmp_path):
    (tmp_path / "u").write_text("v\n")
    for name, other in (("u", "a file"), ("all", "all users")):
        code, said = write("named", "--users", name, "--out", "u.csv")
        assert code == 1
        assert said.startswith(
            f"--users: '{name}' is {other}, and the id of a user. For the user, use --user"
        )
    assert write("named", "--users", "./u", "--out", "u.csv")[0] == 0


def test_a_file_is_replaced_only_on_demand_and_never_by_half(write, tmp_path, monkeypatch):
    options = ("films", "--users", "all", "--out", "a.csv", "--k", 1)
    assert write(*options)[0] == 0
    before = (tmp_path / "a.csv").read_text()
    code, said = write(*options)
    assert code == 1
    assert said == "--out must be a new file. Got 'a.csv'. To replace it, add --overwrite.\n"
    monkeypatch.setattr(recommendation_file, "with_titles", _fail)
    with pytest.raises(ZeroDivisionError):
        write(*options, "--overwrite")
    assert (tmp_path / "a.csv").read_text() == before
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert write(*options[:-1], 2, "--overwrite")[0] == 0
    assert (tmp_path / "a.csv").read_text() != before
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def _fail(reason):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--users", "all"],
            "--users needs a file for the recommendations, such as --out recommendations.parq",
        ),
        (["--out", "a.csv"], "--out, --overwrite and --skip-unknown belong to --users, such as --users all"),
        (["--users", "all", "--json", "--out", "a.json"], "--json prints the list of one user"),
    ],
)
def test_options_that_do_not_go_together(write, capsys, options, message):
    with pytest.raises(SystemExit):
        write("films", *options)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("a.xlsx", "--out must be a file with the ending .parquet, .csv, .json, .jsonl. Got 'a.xlsx'.\n"),
        ("no/a.csv", "--out must be a file in a folder that exists. Got 'no/a.csv'.\n"),
    ],
)
def test_files_that_are_refused(write, file, message):
    assert write("films", "--users", "all", "--out", file) == (1, message)
