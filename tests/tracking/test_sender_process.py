"""What a run says while it waits for its sender."""

import logging
import socket

import pytest
from mlflow import MlflowClient

from recsys.cli import sync
from recsys.tracking.entry import Entry, Start
from recsys.tracking.queue import Queue
from recsys.tracking.sender_process import SenderProcess
from tests.integration.cures import command_in, tries


@pytest.fixture
def silent_server():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"127.0.0.1:{silent.getsockname()[1]}"


@tries("recsys/tracking/sender_process.py", "and sent by:")
@pytest.mark.parametrize(
    ("waits", "patience", "said"), [(True, 0.2, True), (False, 0.2, False), (True, 0, False)]
)
def test_it_says_what_it_waits_for(
    silent_server, store, tmp_path, monkeypatch, caplog, waits, patience, said
):
    monkeypatch.setattr("recsys.tracking.sender_process.SAY_AFTER", 0.0)
    caplog.set_level(logging.INFO)
    queue = Queue(tmp_path)
    queue.open({"tracking_uri": f"http://bob:s3cret@{silent_server}", "experiment_name": "recsys"})
    if waits:
        queue.put(Entry("run/0", Start("run", 1)))
    SenderProcess(queue, patience).close("end")
    lines = [line for line in caplog.messages if line.startswith("Waiting")]
    start = f"Waiting for MLflow at http://***@{silent_server} to take the rest of the record, 0.2 s at most"
    assert [line.split(" (")[0] for line in lines] == [start] * said
    assert all("hydra.callbacks.mlflow.patience" in line for line in lines)
    client = MlflowClient(f"sqlite:///{store}")
    for line in lines:
        monkeypatch.setattr("recsys.tracking.record.connect", lambda _: client)  # it is there again
        assert sync.main(command_in(line, "and sent by: ")[1:]) == 0
