"""Links are added to the sweeper's results without losing what it writes at the same time."""

import yaml

from recsys.tracking import links
from recsys.tracking.links import add_links


def test_what_the_sweeper_writes_meanwhile_is_kept(tmp_path, monkeypatch):
    path, read, writes = tmp_path / "optimization_results.yaml", links.read_results, iter([2, 3])
    path.write_text("best_trial: 1\n")

    def slow(folder):
        content = read(folder)
        for number in writes:  # the sweeper replaces its file
            new = tmp_path / f"new{number}"
            new.write_text(f"best_trial: {number}\n")
            new.replace(path)
            break
        return content

    monkeypatch.setattr(links, "read_results", slow)
    add_links(tmp_path, {"mlflow_run_id": "abc"})
    assert yaml.safe_load(path.read_text()) == {"best_trial": 3, "mlflow_run_id": "abc"}
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_where_there_are_no_results_none_are_made(tmp_path):
    add_links(tmp_path, {"mlflow_run_id": "abc"})
    assert list(tmp_path.iterdir()) == []


def test_links_that_are_there_are_left_alone(tmp_path):
    path = tmp_path / "optimization_results.yaml"
    path.write_text("# by hand\nmlflow_run_id: abc\n")
    add_links(tmp_path, {"mlflow_run_id": "abc"})
    assert path.read_text() == "# by hand\nmlflow_run_id: abc\n"
