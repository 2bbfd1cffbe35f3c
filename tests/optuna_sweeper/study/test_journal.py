from __future__ import annotations

import json
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
from hydra.errors import HydraException
from optuna.storages import JournalStorage

from optuna_sweeper.study.journal import JournalFile


def study(path: Path) -> optuna.Study:
    storage = JournalStorage(JournalFile(str(path)))
    return optuna.create_study(study_name="one", storage=storage, load_if_exists=True)


@pytest.mark.parametrize("torn", ["{", '{"op_code": 4, "x": "' + "y" * 200_000, '{"op_', "\0" * 9])
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


def test_a_reader_never_sees_a_line_that_is_being_replaced(tmp_path: Path) -> None:
    writer, reader = (JournalFile(str(tmp_path / "journal.log")) for _ in range(2))
    operation = {"op_code": 0, "name": "x" * 20}
    with ThreadPoolExecutor(1) as pool, writer._locked() as file:
        file.write(b'{"op_code": 6, "wor')
        read = pool.submit(lambda: list(reader.read_logs(0)))
        with pytest.raises(TimeoutError):
            read.result(timeout=0.1)
        writer._repair(file)
        file.write(json.dumps(operation).encode() + b"\n")
    assert read.result() == [operation]


def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.log").touch()
    study(tmp_path / "journal.log").ask()
    assert len(study(tmp_path / "journal.log").trials) == 1


@pytest.mark.parametrize(
    ("number", "line", "message"),
    [
        (1, b'{"op_', "line 2 is not that of a journal, or was damaged: "),
        (1, b"garbage", "line 2 is not that of a journal, or was damaged: b'garbage"),
        (1, b"5", "line 2 is not"),
        (1, b'{"x": 5}', "line 2 is not"),
        (2, b"garbage at the end", "head -n 2 .* > restored.log"),
        (0, b"\x89PNG\r\n\x1a\n\x00\xff", "line 1 is not"),
        (
            1,
            b'{"op_code": 99, "worker_id": "a"}',
            r"line 2: operation 99 .* Run: pip install -U",
        ),
    ],
)
def test_a_line_that_is_spoilt_is_refused(tmp_path: Path, number: int, line: bytes, message: str) -> None:
    path = tmp_path / "journal.log"
    study(path).ask()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:number], line + b"\n", *lines[number:]]))
    before = path.read_bytes()
    with pytest.raises(HydraException, match=message):
        study(path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["journal.log"]


def test_another_file_is_not_taken_for_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG of one line")
    with pytest.raises(HydraException, match="line 1 is not that of a journal"):
        study(path)
    assert path.read_bytes() == b"\x89PNG of one line"


def test_damage_is_found_while_a_sweep_runs(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    first = study(path)
    with path.open("a") as file:
        file.write("garbage\n")
    with pytest.raises(HydraException, match="line 2 is not"):
        first.ask()


def test_a_full_disk_takes_back_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    journal = JournalFile(str(path))
    journal.append_logs([{"op_code": 0}])
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, limits[1]))  # room for five bytes more
    try:
        with pytest.raises(HydraException, match=r"journal\.log cannot be written: No space left on device"):
            journal.append_logs([{"op_code": 1}])
        assert path.stat().st_size == size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))  # no room at all
        with pytest.raises(HydraException, match=r"journal\.log cannot be written: File too large"):
            journal.append_logs([{"op_code": 1}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.append_logs([{"op_code": 2}])
    assert list(journal.read_logs(0)) == [{"op_code": 0}, {"op_code": 2}]
    assert list(journal.read_logs(1)) == [{"op_code": 2}]


def test_without_the_locks_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optuna_sweeper.study.journal.fcntl", None)
    study(tmp_path / "journal.log").ask()
    assert len(study(tmp_path / "journal.log").trials) == 1
