"""`recsys sync` on the folder of a stranger: nothing is sent that the user has not named."""

import shlex

import pytest

from recsys.cli import sync as program
from recsys.tracking.entry import Entry


def test_an_address_that_is_neither_configured_nor_typed(sweep_folder, store, tmp_path, monkeypatch, capsys):
    sweep = sweep_folder()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert program.main([str(sweep.folder)]) == 1
    refused, total = capsys.readouterr().out.splitlines()
    assert refused == (
        f"{sweep.queue.path} is addressed to sqlite:///{store}, not to http://127.0.0.1:9, and was not sent. "
        "If you trust that address: "
        f"python -m recsys sync {sweep.folder} --tracking-uri sqlite:///{store}"
    )
    assert total == "0 of 1 queues were sent."
    assert len(sweep.queue.pending()) == 1
    assert program.main([str(sweep.folder), "--tracking-uri", "sqlite:///mlflow.db"]) == 0
    assert not sweep.queue.path.exists()


def test_an_address_with_a_password_is_typed_as_it_is_shown(sweep_folder, capsys):
    sweep = sweep_folder(uri="http://bob:s3cret@127.0.0.1:9")
    assert program.main([str(sweep.folder)]) == 1
    refused = capsys.readouterr().out.splitlines()[0]
    assert "s3cret" not in refused
    assert refused.endswith(" --tracking-uri 'http://***@127.0.0.1:9'")
    assert program.main([str(sweep.folder), "--tracking-uri", "http://***@127.0.0.1:9"]) == 1
    assert "MLflow cannot be reached at http://***@127.0.0.1:9" in capsys.readouterr().out


@pytest.mark.parametrize("was_refused", [True, False])
@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "link.txt"])
def test_files_from_elsewhere(sweep_folder, tmp_path, capsys, name, was_refused):
    sweep = sweep_folder()
    (tmp_path / "secret.txt").write_text("hush")
    (sweep.folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    sweep.queue.put(Entry(sweep.PARENT, files=[name]))
    if was_refused:
        sweep.queue.refuse(sweep.queue.pending()[1:], "too long")
    assert program.main([str(sweep.folder)]) == 1
    told = capsys.readouterr().out
    assert f"would record {name}, which is not in {sweep.folder}." in told
    assert len(sweep.queue.pending()) == 2 - was_refused


@pytest.mark.parametrize(
    "storage", ["postgresql://bob:s3cret@127.0.0.1:9/db", "sqlite:///{elsewhere}/other.db"]
)
def test_a_study_that_is_elsewhere(sweep_folder, tmp_path, monkeypatch, capsys, storage):
    sweep = sweep_folder()
    elsewhere, current = tmp_path / "elsewhere", tmp_path / "current"
    elsewhere.mkdir()
    current.mkdir()
    (elsewhere / "other.db").touch()
    storage = storage.format(elsewhere=elsewhere)
    sweep.queue.note(study={"storage": storage, "name": "s", "base": str(tmp_path)})
    monkeypatch.chdir(current)
    where = [str(sweep.folder), "--tracking-uri", sweep.queue.about()["tracking_uri"]]
    assert program.main(where) == 1
    told = capsys.readouterr().out.splitlines()[0]
    assert "names a study in" in told
    assert "s3cret" not in told
    typed = shlex.split(told.partition("trust that storage: ")[2])[4:]
    assert (elsewhere / "other.db").stat().st_size == 0
    opened = []
    monkeypatch.setattr(
        "optuna_sweeper.workers.recovery.fail_lost_trials", lambda *args: opened.append(args[0])
    )
    assert typed[-2] == "--storage"
    program.main(typed)
    assert opened == [storage]


def test_a_study_in_the_folder_or_below_the_current_one(sweep_folder, tmp_path, monkeypatch):
    queue = sweep_folder().queue
    queue.note(study={"storage": "sqlite:///study.db", "name": "s", "base": str(queue.folder)})
    monkeypatch.chdir("/")
    assert queue.foreign_storage() is None
    queue.note(study={"storage": "sqlite:///study.db", "name": "s", "base": str(tmp_path)})
    assert queue.foreign_storage() is None  # everything is below /
    monkeypatch.chdir(queue.folder)
    assert queue.foreign_storage() == "sqlite:///study.db"
    assert "--storage sqlite:///study.db" in queue.sync_command()
    (queue.folder / "link.db").symlink_to(tmp_path / "study.db")
    queue.note(study={"storage": "sqlite:///link.db", "name": "s", "base": str(queue.folder)})
    assert queue.foreign_storage() == "sqlite:///link.db"
