from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage

from hydra_plugins.recsys_optuna_sweeper._journal import JournalFile


def study(path: Path) -> optuna.Study:
    storage = JournalStorage(JournalFile(str(path)))
    return optuna.create_study(study_name="one", storage=storage, load_if_exists=True)


@pytest.mark.parametrize("torn", ["{", '{"op_code": 4, "x": "' + "y" * 200_000])
def test_half_a_line_is_moved_aside(tmp_path: Path, torn: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "journal.log"
    first = study(path)
    first.ask()
    with path.open("a") as file:
        file.write(torn)
    first.ask()
    assert len(study(path).trials) == 2
    assert (tmp_path / "journal.log.torn").read_text() == torn + "\n"
    assert "ended in half a line" in caplog.text


def test_a_line_that_is_spoilt_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    study(path).ask()
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:5], *lines[1:]]) + "\n")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
        study(path)


def test_without_the_locks_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hydra_plugins.recsys_optuna_sweeper._journal.fcntl", None)
    study(tmp_path / "journal.log").ask()
    assert len(study(tmp_path / "journal.log").trials) == 1
