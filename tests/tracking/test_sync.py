"""`recsys sync` on the folder of a stranger: nothing is sent that the user has not named."""

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
