"""Calls of MLflow's client in one transaction: what they store, and that an error leaves nothing."""

import sys

import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy import event

from recsys.mlflow_store.transaction import has_transactions, transaction

STORE = "mlflow.store.tracking.sqlalchemy_store"


@pytest.fixture
def client(store):
    return MlflowClient(f"sqlite:///{store}")


def record(client, name="run"):
    """Make a run as the sender does, with two batches of parameters."""
    run_id = client.create_run("0", 1, {"a": "b"}, name).info.run_id
    client.log_batch(run_id, [Metric("m", 1.0, 5, 0)], [Param("p", "1")], [RunTag("t", "u")])
    client.log_batch(run_id, [Metric("m", 2.0, 6, 1)], [Param("q", "2"), Param("p", "1")])
    client.log_inputs(run_id, [DatasetInput(Dataset("d", "digest", "code", "source"))])
    client.set_terminated(run_id, "FINISHED", 9)
    return run_id


def contents(client, run_id):
    run = client.get_run(run_id)
    history = [(one.value, one.timestamp, one.step) for one in client.get_metric_history(run_id, "m")]
    times = run.info.status, run.info.start_time, run.info.end_time, run.info.run_name
    inputs = [one.dataset.digest for one in run.inputs.dataset_inputs]
    return times, run.data.params, run.data.tags, run.data.metrics, history, inputs


def test_the_same_is_stored_with_one_commit(client):
    commits = []
    alone = record(client)
    event.listen(client._tracking_client.store.engine, "commit", lambda connection: commits.append(1))
    with transaction(client):
        together = [record(client) for _ in range(3)]
    assert len(commits) == 1
    for run_id in together:
        assert contents(client, run_id) == contents(client, alone)
    record(client)  # in MLflow's own way again


def record_in_transaction(client, fail):
    """Record a run, and have a call fail."""
    try:
        with transaction(client):
            fail(record(client))
    except MlflowException:
        return
    raise AssertionError("it did not fail")


def test_an_error_undoes_all(client):
    record_in_transaction(client, lambda run_id: client.log_batch(run_id, params=[Param("p", "changed")]))
    assert client.search_runs(["0"]) == []
    assert contents(client, record(client))[1] == {"p": "1", "q": "2"}


def test_a_metric_that_is_known_is_not_recorded_in_part(client):
    """MLflow rolls its session back when it finds a metric that is on record."""
    run_id = record(client)
    metrics = [Metric("m", 1.0, 5, 0), Metric("new", 1.0, 5, 0)]
    record_in_transaction(client, lambda _: client.log_batch(run_id, metrics))
    assert [run.info.run_id for run in client.search_runs(["0"])] == [run_id]
    assert "new" not in client.get_run(run_id).data.metrics


def test_a_server_has_no_transactions(monkeypatch):
    client = MlflowClient("http://127.0.0.1:9")
    monkeypatch.delitem(sys.modules, STORE)
    assert not has_transactions(client)
    assert STORE not in sys.modules
    with pytest.raises(ValueError, match="no transactions"):
        transaction(client).__enter__()
