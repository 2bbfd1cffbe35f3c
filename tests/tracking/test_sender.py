"""The queue comes to MLflow: in order, once, whatever happens in between; the states then agree."""

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import optuna
import pytest
import yaml
from mlflow import MlflowClient

from recsys.cli import sync as program
from recsys.mlflow_store.experiment import Destination
from recsys.tracking.delivery import Delivery
from recsys.tracking.entry import End, Entry, Start, Status
from recsys.tracking.queue import Queue
from recsys.tracking.record import Record
from recsys.tracking.refusals import is_final
from recsys.tracking.run_lookup import RunLookup
from recsys.tracking.sender import Sender, send_folder
from tests import programs
from tests.integration.cures import command_in, tries

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")


def states(runs):
    return {number: run.info.status for number, run in runs.items()}


def test_states_agree_with_the_sweepers(sweep_folder, runs):
    sweep = sweep_folder()
    for number, lift in enumerate([1.0, 2.0, 3.0, 4.0]):
        key = sweep.start(number)
        sweep.job(number, lift)
        sweep.queue.put(Entry(key, metrics=[("max_lift", lift, 1, 0)], end=End("FINISHED", 2000)))
    sweep.start(4)  # cut in its job
    sweep.table(
        (0, "complete", 1.0, {}),
        (1, "complete", 2.0, {}),
        (2, "fail", "", {"fail_reason": "NaN is no value"}),
        (3, "pruned", "", {}),
        (4, "fail", "", {"fail_reason": "KeyboardInterrupt"}),
        (5, "complete", 2.0, {"answered_from": 1}),
    )
    (sweep.folder / "optimization_results.yaml").write_text("best_trial: 1\nbest_value: 2.0\n")
    assert sweep.sender().finish("end")
    found = runs()
    assert states(found) == {
        None: "FINISHED", 0: "FINISHED", 1: "FINISHED", 2: "FAILED", 3: "KILLED", 4: "FAILED", 5: "FINISHED"
    }  # fmt: skip
    assert found[2].data.tags["error"] == "NaN is no value"
    assert found[3].data.tags["pruned"] == "true"
    answered = found[5]
    assert answered.data.tags["answered_from"] == "1"
    assert answered.data.metrics == {"max_lift": 2.0}
    assert answered.data.params == {"apriori.min_support": "5"}
    results = yaml.safe_load((sweep.folder / "optimization_results.yaml").read_text())
    assert results["mlflow_run_id"] == found[1].info.run_id == found[None].data.tags["best_run_id"]
    assert results["mlflow_parent_run_id"] == found[None].info.run_id
    assert not sweep.queue.path.exists()
    assert sweep.told == []


@pytest.mark.parametrize("name", ["o'brien", 'it\'s "one" \\ of_a%'])
def test_folders_with_what_the_filters_of_mlflow_cannot_write(sweep_folder, runs, name):
    sweep, other = sweep_folder(name), sweep_folder(name.replace("'", "X"))
    for number, folder in enumerate((other, sweep)):
        key = folder.start(number)
        folder.job(number, 2.0)
        assert folder.sender().delivery.send()
        folder.queue.put(Entry(key, metrics=[("max_lift", number, 1, 0)], end=End("FINISHED", 2000)))
        assert folder.sender().delivery.send()  # finds the run by its key
    found = runs()
    assert [found[number].data.metrics["max_lift"] for number in (0, 1)] == [0, 1]
    assert states(found) == {None: "RUNNING", 0: "FINISHED", 1: "FINISHED"}
    assert sweep.told == []


def test_a_job_that_was_cut_has_the_reason_on_record(sweep_folder, runs):
    sweep = sweep_folder()
    key = sweep.start(0)
    sweep.queue.put(Entry(key, end=End("FAILED", 2000)))  # by the sender, who did not know more
    sweep.table((0, "fail", "", {"fail_reason": "The process that ran it is gone."}))
    assert sweep.sender().finish("end")
    assert runs()[0].data.tags["error"] == "The process that ran it is gone."


def test_the_sweeps_run_is_told_as_the_sweep_goes(sweep_folder, runs, store):
    sweep = sweep_folder()
    sender = sweep.sender()
    rows = []
    for number, lift in enumerate([1.0, 3.0, 2.0]):
        sweep.job(number, lift)
        rows.append((number, "complete", lift, {}))
        sweep.table(*rows)
        sender.sweep.update()
        assert sender.delivery.send()
        parent = runs()[None]
        assert parent.info.status == "RUNNING"
        assert parent.data.metrics["n_complete"] == number + 1
        assert (
            parent.data.metrics["best_lift"]
            == parent.data.metrics["best_value"]
            == max(1.0, lift, 3.0 * (number > 0))
        )
    assert parent.data.tags["best_trial"] == parent.data.tags["best.apriori.min_support"] == "1"
    history = MlflowClient(f"sqlite:///{store}").get_metric_history(parent.info.run_id, "best_value")
    assert [(point.step, point.value) for point in history] == [(0, 1.0), (1, 3.0), (2, 3.0)]


def test_a_continued_study_has_one_run_and_mends_what_a_kill_left(sweep_folder, runs):
    first = sweep_folder("first")
    first.job(0, 1.0)
    first.start(0)
    first.table((0, "running", "", {}))
    killed = first.sender()
    assert killed.delivery.send()  # and then the machine went down: nobody says how it ended
    assert states(runs()) == {None: "RUNNING", 0: "RUNNING"}
    second = sweep_folder("second")
    second.start(1)
    second.job(1, 2.0)
    second.table((0, "fail", "", {"fail_reason": "killed"}), (1, "complete", 2.0, {}))
    assert second.sender().finish("end")
    assert states(runs()) == {None: "FINISHED", 0: "FAILED", 1: "FINISHED"}


def test_a_child_that_is_missing_is_made_from_the_folder_of_its_job(sweep_folder, runs, store):
    sweep = sweep_folder()
    job = sweep.job(0, 1.0)
    (job / ".hydra").mkdir()
    for name in (".hydra/config.yaml", "rules.parquet", "rules.csv"):
        (job / name).touch()
    data = {"dataset": "small", "n_ratings": 7, "ratings_digest": "abc", "itemsets_from": "bitset"}
    (job / "data.json").write_text(json.dumps(data))
    sweep.table((0, "complete", 1.0, {}), (1, "complete", 1.0, {"answered_from": 0}))
    assert sweep.sender().finish("end")
    child, answered = runs()[0], runs()[1]
    assert child.data.metrics == answered.data.metrics == {"max_lift": 1.0}
    assert child.data.tags["itemsets_from"] == "bitset"
    (mined,) = child.inputs.dataset_inputs
    assert (mined.dataset.name, mined.dataset.digest) == ("small", "abc")
    assert runs()[None].inputs.dataset_inputs == child.inputs.dataset_inputs
    client = MlflowClient(f"sqlite:///{store}")
    kept = {file.path for file in client.list_artifacts(child.info.run_id)}
    assert kept == {"config.yaml", "rules.parquet", "rules.csv"}
    assert not client.list_artifacts(answered.info.run_id)  # no job left anything for it


def test_what_an_earlier_sweep_could_not_send_comes_first(sweep_folder, runs):
    first = sweep_folder("first")
    first.job(0, 1.0)
    key = first.start(0)
    first.queue.put(Entry(key, metrics=[("max_lift", 1.0, 1, 0)], end=End("FINISHED", 2000)))
    second = sweep_folder("second")
    second.table((0, "complete", 1.0, {"job_dir": first.folder / "0"}))
    assert second.sender().finish("end")
    assert states(runs()) == {None: "FINISHED", 0: "FINISHED"}
    assert not first.queue.path.exists()


def test_a_sweep_killed_in_its_first_job_is_sent_by_the_next(sweep_folder, runs):
    first = sweep_folder("first")
    first.start(0)  # and then all processes were killed: the study knows of no folder
    second = sweep_folder("second")
    second.table((0, "fail", "", {"fail_reason": "killed"}), (1, "complete", 2.0, {}))
    assert second.sender().finish("end")
    assert states(runs()) == {None: "FINISHED", 0: "FAILED", 1: "FINISHED"}
    assert not first.queue.path.exists()


def test_a_queue_that_another_sender_removed_is_made_again(sweep_folder, runs):
    sweep = sweep_folder()
    assert sweep.sender().finish("")
    assert not sweep.queue.path.exists()
    with sweep.queue.sole_reader() as alone:
        assert not alone
    sweep.start(0)
    assert sweep.sender().finish("end")
    assert states(runs()) == {None: "FAILED", 0: "FAILED"}


def test_a_sender_waits_for_the_one_before(sweep_folder, runs):
    sweep = sweep_folder()
    with sweep.queue.sole_reader():
        command = [sys.executable, "-m", "recsys.tracking.follow", str(sweep.folder)]
        sender = programs.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert "Another process is sending" in sender.stdout.readline()
    sweep.start(0)
    sweep.table((0, "complete", 1.0, {}))
    sender.communicate("end\n")
    assert sender.returncode == 0
    assert states(runs()) == {None: "FINISHED", 0: "FINISHED"}


def test_a_cut_sweep_leaves_nothing_running(sweep_folder, runs):
    sweep = sweep_folder()
    sweep.start(0)
    sweep.table((0, "running", "", {}))
    reader, writer = os.pipe()
    os.close(writer)  # as when the process is gone
    assert sweep.sender().follow(reader)
    os.close(reader)
    assert states(runs()) == {None: "KILLED", 0: "FAILED"}
    assert runs()[None].data.tags["ended_by"] == "kill"


def test_the_slow_sender_of_a_killed_sweep_does_not_reopen_the_run(sweep_folder, runs):
    killed, last = sweep_folder("killed"), sweep_folder("last")
    killed.start(0)
    killed.table((0, "fail", "", {}))
    last.table((0, "fail", "", {}), (1, "complete", 2.0, {}))
    last.results("total", best=1)
    with killed.queue.sole_reader():  # its sender is there, and has not looked yet
        assert last.sender().finish("end")
    reader, writer = os.pipe()
    os.close(writer)
    assert killed.sender().follow(reader)
    os.close(reader)
    assert states(runs()) == {None: "FINISHED", 0: "FAILED", 1: "FINISHED"}
    assert runs()[None].data.tags["ended_by"] == "total"


@pytest.mark.parametrize("tables_are_behind", [True, False])
def test_after_a_kill_sync_alone_ends_the_trial_in_optuna_too(
    sweep_folder, runs, tmp_path, tables_are_behind
):
    study = optuna.create_study(study_name="s", storage=f"sqlite:///{tmp_path / 'study.db'}")
    study.set_user_attr("worker:dead", {"machine": "gone", "seen": 0.0, "interval": 15.0, "ended": False})
    running = optuna.create_trial(state=optuna.trial.TrialState.RUNNING, user_attrs={"worker": "dead"})
    study.add_trials([optuna.create_trial(value=1.0), running])
    sweep = sweep_folder()
    sweep.queue.note(study={"storage": "sqlite:///study.db", "name": "s", "base": str(tmp_path)})
    for number in (0, 1):  # the second had told MLflow of its end, not Optuna
        key = sweep.start(number)
        sweep.job(number, 1.0)
        sweep.queue.put(Entry(key, end=End("FINISHED", 2000)))
    sweep.table((0, "running" if tables_are_behind else "complete", "", {}))
    assert program.main([str(sweep.folder)]) == 0
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    found = runs()
    assert states(found) == {None: "KILLED", 0: "FINISHED", 1: "FAILED"}
    assert found[None].data.metrics["n_complete"] == found[None].data.metrics["n_fail"] == 1


def test_a_sweep_killed_before_it_started_its_run_has_nothing_to_record(sweep_folder):
    """It was waiting for what MLflow says; the run of the study is another's, or not there at all."""
    sweep = sweep_folder()
    (entry,) = sweep.queue.pending()
    entry.unlink()
    sweep.queue.note(started=False)
    assert program.main([str(sweep.folder)]) == 0
    assert not sweep.queue.path.exists()


@tries("recsys/tracking/queue.py", "'sync'")
@pytest.mark.parametrize("started", [True, False])
def test_a_sweep_that_may_never_start_does_not_keep_others_from_ending_the_run(sweep_folder, runs, started):
    other, sweep = sweep_folder("other"), sweep_folder("sweep")
    other.queue.note(started=started)
    sweep.table((0, "complete", 1.0, {}))
    sweep.results("interrupt")
    with other.queue.sole_reader():  # its sender imports MLflow
        sweep.sender().finish("interrupted")
    assert runs()[None].info.status == ("RUNNING" if started else "KILLED")


def test_a_study_that_cannot_be_opened_is_told_and_the_queue_kept(sweep_folder, runs, tmp_path):
    (tmp_path / "study.db").write_text("no database, though long enough to be read as the head of one" * 9)
    sweep = sweep_folder()
    sweep.queue.note(study={"storage": "sqlite:///study.db", "name": "s", "base": str(tmp_path)})
    assert not sweep.sender().finish("")
    (said,) = sweep.told
    assert said.startswith("The study s cannot be read (")
    assert states(runs()) == {None: "KILLED"}
    (tmp_path / "study.db").unlink()
    assert program.main(command_in(said, "are ended by: ")[1:]) == 0
    assert not sweep.queue.path.exists()


def test_sent_twice_is_recorded_once(store, tmp_path, runs):
    entry = Entry(
        "key", Start("one", 5, {"p": "1"}), [("m", 1.0, 7, 0)], {"t": "x"},
        [{"name": "d", "digest": "0" * 64, "source": "{}", "profile": "{}"}], end=End(Status.KILLED, 9),
    )  # fmt: skip
    for _ in range(2):  # the second by one who does not know of the first
        Record(f"sqlite:///{store}", Destination("recsys"), tmp_path).apply(entry)
    (run,) = runs().values()
    assert (run.info.status, run.info.start_time, run.info.end_time) == ("KILLED", 5, 9)
    assert [one.dataset.digest for one in run.inputs.dataset_inputs] == ["0" * 36]
    history = MlflowClient(f"sqlite:///{store}").get_metric_history(run.info.run_id, "m")
    assert [(point.value, point.timestamp) for point in history] == [(1.0, 7)]


@pytest.mark.parametrize(
    "next_word", [Entry("study/s/0", n_trials=2), Entry("study/s/0", Start("study s", 8))]
)
def test_workers_that_begin_at_once_share_a_run(store, tmp_path, runs, monkeypatch, next_word):
    study = "study/s/0"
    one, other = (Record(f"sqlite:///{store}", Destination("recsys"), tmp_path) for _ in range(2))

    def child(number):
        return Entry(
            f"{study}/{number}@x", Start("trial", 9, parent=study), tags={"trial.number": str(number)}
        )

    with monkeypatch.context() as patch:
        patch.setattr(RunLookup, "find", lambda *_: None)  # both have looked, and neither has made it yet
        one.apply(Entry(study, Start("study s", 7, {"p": "1"})))
        one.apply(child(0))
        other.apply(Entry(study, Start("study s", 5, {"p": "1"})))  # comes first, and deletes the one's
    one.apply(child(1))  # it does not know that yet
    one.apply(replace(next_word, metrics=[("n_trials", 2, 9, 1)]))
    found = runs()
    assert found.keys() == {None, 0, 1}
    assert (found[None].info.start_time, found[None].data.params) == (5, {"p": "1"})
    assert found[None].data.metrics == {"n_trials": 2}
    assert {found[n].data.tags["mlflow.parentRunId"] for n in (0, 1)} == {found[None].info.run_id}


def test_of_a_trial_that_two_workers_tell_of_all_keep_the_same_run(store, tmp_path, runs, monkeypatch):
    study = "study/s/0"
    one, other = (Record(f"sqlite:///{store}", Destination("recsys"), tmp_path) for _ in range(2))
    one.apply(Entry(study, Start("study s", 1)))
    with monkeypatch.context() as patch:
        patch.setattr(RunLookup, "earlier", lambda *_: None)  # both have looked, and neither has made it yet
        for record, time in ((one, 5), (other, 6)):
            start = Start("trial 0", time, parent=study)
            record.apply(Entry(f"{study}/0", start, tags={"trial.number": "0"}, end=End(Status.KILLED, 7)))
    for record in (one, other):
        record.apply(Entry(study, trials=[]))
        assert runs()[0].info.start_time == 6  # as `reconcile` has it: the later one


@pytest.mark.parametrize("kept", [True, False])
def test_a_run_that_another_worker_deleted_is_not_taken_up(store, tmp_path, runs, monkeypatch, kept):
    one, other = (Record(f"sqlite:///{store}", Destination("recsys"), tmp_path) for _ in range(2))
    entry = Entry(
        "key", Start("trial 0", 5), [("m", 1.0, 7, 0)], {"trial.number": "0"}, end=End(Status.KILLED, 5)
    )
    one.apply(entry)
    former = runs()[0].info.run_id
    if kept:
        with monkeypatch.context() as patch:
            patch.setattr(RunLookup, "find", lambda *_: None)  # it has looked before the one had made it
            other.apply(entry)
    MlflowClient(f"sqlite:///{store}").delete_run(former)
    one.apply(entry)
    found = runs()[0]
    assert found.info.run_id == (other if kept else one).runs.id_of("key") != former
    assert (found.info.status, found.data.metrics) == (Status.KILLED, {"m": 1.0})


def test_more_parameters_and_metrics_than_mlflow_takes_at_once(store, tmp_path, runs):
    metrics = [(f"m{i}", 1.0, 1, 0) for i in range(2100)]
    entry = Entry("key", Start("one", 1, {f"p{i:03}": "x" * 7000 for i in range(250)}), metrics)
    Record(f"sqlite:///{store}", Destination("recsys"), tmp_path).apply(entry)
    (run,) = runs().values()
    assert len(run.data.params) == 250
    assert len(run.data.metrics) == 2100


def test_mlflow_down_then_sync(sweep_folder, runs, store, capsys):
    sweep = sweep_folder(uri=NOBODY)
    key = sweep.start(0)
    sweep.job(0, 1.0)
    sweep.queue.put(Entry(key, end=End("FINISHED", 2000)))
    sweep.table((0, "complete", 1.0, {}))
    assert not sweep.sender().finish("end")
    (said,) = sweep.told
    assert said.startswith(f"MLflow cannot be reached at {NOBODY}")
    assert str(sweep.queue.path) in said
    sweep.queue.open(sweep.queue.about() | {"tracking_uri": f"sqlite:///{store}"})  # it is there again
    assert program.main([str(sweep.folder)]) == 0
    assert capsys.readouterr().out == "1 of 1 queues were sent.\n"
    assert states(runs()) == {None: "FINISHED", 0: "FINISHED"}
    assert program.main([str(sweep.folder)]) == 0
    assert capsys.readouterr().out == "Nothing waits to be sent.\n"


def test_what_mlflow_refuses_holds_nothing_up(sweep_folder, runs, caplog):
    caplog.set_level(logging.DEBUG, logger="recsys")
    sweep = sweep_folder()
    sweep.queue.put(Entry(sweep.PARENT, metrics=[(300 * "long", 1.0, 1, 0)]))
    trial = sweep.start(0)
    sweep.queue.put(Entry(trial, metrics=[(300 * "long", 1.0, 1, 0)], end=End("FINISHED", 2000)))
    sweep.queue.put(Entry("never started", tags={"a": "b"}))
    sweep.queue.put(Entry(sweep.PARENT, tags={"after": "yes"}))
    (sweep.queue.path / "000099.json").write_text("{ not JSON")
    sweep.table((0, "fail", "", {}))
    assert not sweep.sender().finish("end")
    assert runs()[None].data.tags["after"] == "yes"
    assert runs()[0].info.status == "FAILED"  # FINISHED at first, and then as the sweeper says
    assert len(list((sweep.queue.path / "refused").iterdir())) >= 3
    (said,) = sweep.told
    assert said.startswith("MLflow refuses a part of the record: 1 entry (")
    assert "MLflow refuses an entry" in caplog.text


def ended(sweep, number, metric="max_lift"):
    key = sweep.start(number)
    tags = {"output_dir": str(sweep.job(number, 1.0))}
    sweep.queue.put(Entry(key, metrics=[(metric, 1.0, 1, 0)], tags=tags, end=End("FINISHED", 2000)))


def test_the_jobs_that_wait_are_sent_in_one_transaction(sweep_folder, runs, monkeypatch):
    sweep, batches, apply = sweep_folder(), [], Record.apply_together
    for number in range(12):
        ended(sweep, number)

    def noted(self, entries):
        batches.append(len(entries))
        apply(self, entries)

    monkeypatch.setattr(Record, "apply_together", noted)
    assert sweep.sender().delivery.send()
    assert batches == [10, 2]  # start and end of a run are one entry
    assert states(runs()) == {None: "RUNNING"} | dict.fromkeys(range(12), "FINISHED")
    assert sweep.told == []


def test_of_the_jobs_in_a_transaction_only_the_invalid_one_is_refused(sweep_folder, runs):
    sweep = sweep_folder()
    for number in range(4):
        ended(sweep, number, metric=300 * "long" if number == 2 else "max_lift")
    assert sweep.sender().delivery.send()
    found = runs()
    assert states(found) == {None: "RUNNING"} | dict.fromkeys(range(4), "FINISHED")
    assert [bool(found[number].data.metrics) for number in range(4)] == [True, True, False, True]
    assert len(sweep.queue.refused_files()) == 1


def test_killed_in_a_transaction_nothing_is_lost_and_no_id_was_written(sweep_folder, runs, monkeypatch):
    sweep = sweep_folder()
    keys = [sweep.start(number) for number in range(3)]
    for number, key in enumerate(keys):
        tags = {"output_dir": str(sweep.job(number, 1.0))}
        start = Start(f"trial {number}", 1000, {}, sweep.PARENT)
        sweep.queue.put(Entry(key, start, tags=tags | {"trial.number": str(number)}))
    sender, log = sweep.sender(), Record._log

    def killed(self, *arguments):
        if len(self.open_runs) == 4:
            raise KeyboardInterrupt
        log(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Record, "_log", killed)
        with pytest.raises(KeyboardInterrupt):
            sender.delivery.send()
    assert list(runs()) == [None]
    assert not list(sweep.folder.glob("*/links.json"))
    assert sweep.sender().delivery.send()
    found = runs()
    assert sorted(found.keys() - {None}) == [0, 1, 2]
    for number in range(3):
        links = json.loads((sweep.folder / str(number) / "links.json").read_text())
        assert links["mlflow_run_id"] == found[number].info.run_id


@pytest.mark.parametrize("known", [True, False])
def test_files_of_a_job_need_no_request_for_their_place(sweep_folder, runs, store, monkeypatch, known):
    sweep, asked, ask = sweep_folder(), [], MlflowClient.log_artifact
    key, job = sweep.start(0), sweep.job(0, 1.0)
    (job / "config.yaml").write_text("address: http://ann:s3cret@host\n")
    sender = sweep.sender()
    assert sender.delivery.send()
    monkeypatch.setattr(MlflowClient, "log_artifact", lambda *given: asked.append(given) or ask(*given))
    sweep.queue.put(Entry(key, files=["0/metrics.json", "0/config.yaml", "0/missing"]))
    assert (sender if known else sweep.sender()).delivery.send()  # another one has not started the run
    assert bool(asked) != known
    place = Path(runs()[0].info.artifact_uri.removeprefix("file://"))
    assert {file.name for file in place.iterdir()} == {"config.yaml", "metrics.json"}
    assert "s3cret" not in (place / "config.yaml").read_text()


def test_refusals_hold_nothing_up_when_nobody_listens(sweep_folder, runs, monkeypatch, capfd):
    sweep = sweep_folder()
    for name in (300 * "long", 300 * "wide"):
        sweep.queue.put(Entry(sweep.PARENT, metrics=[(name, 1.0, 1, 0)]))
    sweep.queue.put(Entry(sweep.PARENT, tags={"after": "yes"}))
    reader, writer = os.pipe()
    os.close(reader)  # the sweep was killed
    with os.fdopen(writer, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert program.main([str(sweep.folder)]) == 1
    assert runs()[None].data.tags["after"] == "yes"
    told = capfd.readouterr().err
    assert told.count("MLflow refuses a part of the record") == 1
    assert "MLflow refused 2 entries (" in told


def test_a_queue_that_cannot_be_read_does_not_hold_up_the_others(sweep_folder, runs, capsys):
    broken, whole = sweep_folder("broken"), sweep_folder("whole", study="t")
    broken.table((0, "complete", "no number", {}))
    whole.table((0, "complete", 1.0, {}))
    assert program.main([str(broken.folder), str(whole.folder)]) == 1
    assert "1 of 2 queues were sent" in capsys.readouterr().out
    assert runs()[None].data.tags["best_trial"] == "0"


def test_what_went_with_another_queue_of_the_study_was_sent(sweep_folder, runs, capsys):
    first, second = sweep_folder("first"), sweep_folder("second")
    for number, sweep in enumerate((first, second)):  # both were killed
        sweep.start(number)
        sweep.table((number, "fail", "", {}))
    assert program.main([str(first.folder), str(second.folder)]) == 0
    assert capsys.readouterr().out == "2 of 2 queues were sent.\n"
    assert states(runs()) == {None: "KILLED", 0: "FAILED", 1: "FAILED"}


@tries("recsys/tracking/queue.py", "'sync'")
def test_an_experiment_deleted_on_the_way_and_restored(sweep_folder, runs, store, capsys):
    """What follows from the refusal is refused, too; in its order all of it can be sent."""
    sweep, client = sweep_folder(), MlflowClient(f"sqlite:///{store}")
    sender = sweep.sender()
    assert sender.delivery.send()
    experiment = client.get_experiment_by_name("recsys").experiment_id
    client.delete_experiment(experiment)
    for number in (0, 1):
        key = sweep.start(number)
        sweep.job(number, 1.0)
        sweep.queue.put(Entry(key, metrics=[("max_lift", 1.0, 1, 0)], end=End("FINISHED", 2000)))
    sweep.table((0, "complete", 1.0, {}), (1, "complete", 1.0, {}))
    sweep.results("total")
    assert not sender.finish("end")
    assert len(sweep.told) == 1
    refused = sweep.queue.refusals()
    assert refused.startswith("5 entries (The")  # two of each trial, and the last word
    assert program.main([str(sweep.folder)]) == 1  # the cause is still there
    assert sweep.queue.refusals().startswith("5 entries (experiment_name must be")
    again = command_in(capsys.readouterr().out, "When that is corrected, send it: ")
    client.restore_experiment(experiment)
    assert program.main(again[1:]) == 0
    found = runs()
    assert states(found) == {None: "FINISHED", 0: "FINISHED", 1: "FINISHED"}
    assert found[0].data.params == {"apriori.min_support": "0"}
    assert found[None].data.metrics["n_complete"] == 2
    assert not sweep.queue.path.exists()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.mark.parametrize(("patience", "sent"), [(60.0, True), (20.0, False), (0.0, False)])
def test_a_server_that_is_away_is_waited_for(sweep_folder, runs, monkeypatch, patience, sent):
    sweep, clock, apply = sweep_folder(), Clock(), Record.apply

    def away_for_30_seconds(self, entry):
        if clock.now < 30:
            raise ConnectionError("refused")
        apply(self, entry)

    monkeypatch.setattr(Record, "apply", away_for_30_seconds)
    sweep.table((0, "complete", 1.0, {}))
    sender = Sender(Delivery(sweep.queue, sweep.told.append, clock, clock.sleep))
    assert sender.finish("end", patience=patience) == sent
    assert clock.now == (30 if sent else patience)
    assert len(sweep.told) == 1 + sent
    assert sweep.queue.path.exists() != sent


def test_what_a_database_refuses_is_not_waited_for(sweep_folder, tmp_path):
    (tmp_path / "text.db").write_text("no database, though long enough to be read as the head of one" * 9)
    sweep = sweep_folder(uri=f"sqlite:///{tmp_path / 'text.db'}")
    refused = sweep.sender().delivery.check()["refused"]
    assert refused.startswith("hydra.callbacks.mlflow.tracking_uri must be a database that can be opened ")


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({"experiment_name": "gone"}, "experiment_name must be an MLflow experiment that is not deleted."),
        ({"experiment_id": "99"}, "MLFLOW_EXPERIMENT_ID must be the id of an experiment in sqlite:///"),
        (
            {"experiment_id": "0", "experiment_name": "recsys"},
            "MLFLOW_EXPERIMENT_NAME must be 'Default'",
        ),
        ({"run_id": "abc"}, "MLFLOW_RUN_ID must be the id of a run in sqlite:///"),
    ],
)
def test_what_mlflow_will_refuse_is_known_before_anything_is_sent(sweep_folder, store, given, start):
    client = MlflowClient(f"sqlite:///{store}")
    client.delete_experiment(client.create_experiment("gone"))
    sweep = sweep_folder()
    sweep.queue.note(**{"experiment_name": None, **given})
    assert sweep.sender().delivery.check()["refused"].startswith(start)


def test_the_experiment_that_the_run_above_is_in(sweep_folder, store):
    client = MlflowClient(f"sqlite:///{store}")
    above = client.create_run(client.create_experiment("other"))
    sweep = sweep_folder()
    sweep.queue.note(run_id=above.info.run_id)
    refused = sweep.sender().delivery.check()["refused"]
    assert refused.startswith("experiment_name must be 'other', the experiment of the run MLFLOW_RUN_ID=")
    sweep.queue.note(experiment_name=None)
    known = {"experiment_id": above.info.experiment_id, "experiment_name": "other"}
    assert sweep.sender().delivery.check() == known


def test_under_a_run_of_mlflow_the_sweep_is_its_child(sweep_folder, store):
    client = MlflowClient(f"sqlite:///{store}")
    above = client.create_run(client.create_experiment("other"))
    sweep = sweep_folder()
    sweep.queue.note(run_id=above.info.run_id, experiment_name=None)
    sweep.start(0)
    sweep.table((0, "complete", 1.0, {}))
    assert sweep.sender().finish("end")
    found = {run.info.run_name: run for run in client.search_runs([above.info.experiment_id])}
    parents = {name: run.data.tags.get("mlflow.parentRunId") for name, run in found.items()}
    study = found["study s"].info.run_id
    assert parents == {above.info.run_name: None, "study s": above.info.run_id, "trial 0": study}


def test_credentials_that_a_server_refuses(sweep_folder, broken_server):
    answer, address = broken_server
    sweep = sweep_folder(uri=address)
    for answer.status, answer.body in [(401, b"who are you?"), (403, b'{"error_code": "PERMISSION_DENIED"}')]:
        refused = sweep.sender().delivery.check()["refused"]
        assert refused.startswith(f"MLflow refuses the record at {address}: ")
        assert "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or" in refused
    assert sweep.told == []


def test_one_sender_at_a_time(sweep_folder):
    sweep = sweep_folder()
    with sweep.queue.sole_reader() as alone:
        assert alone
        assert not send_folder(Queue(sweep.folder), sweep.told.append)
    assert sweep.told == [f"Another process is sending {sweep.queue.path}."]


def test_a_queue_keeps_the_order_of_many_writers(tmp_path):
    program = (
        "import sys, pathlib; from recsys.tracking.queue import Queue\n"
        "from recsys.tracking.entry import Entry\n"
        "queue = Queue(pathlib.Path(sys.argv[1]))\n"
        "for i in range(30): queue.put(Entry(sys.argv[2], tags={'i': str(i)}))"
    )
    queue = Queue(tmp_path)
    queue.open({})
    writers = [programs.Popen([sys.executable, "-c", program, tmp_path, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    entries = [Entry.from_json(path.read_text()) for path in queue.pending()]
    assert len(entries) == 60
    for name in "ab":
        assert [entry.tags["i"] for entry in entries if entry.run == name] == [str(i) for i in range(30)]


def test_weather_and_final_answers():
    from mlflow.exceptions import MlflowException

    assert is_final(MlflowException.invalid_parameter_value("no"))
    assert not is_final(MlflowException("the server is busy"))
    assert not is_final(ConnectionError("refused"))
    assert is_final(KeyError("no such run"))


def test_what_mlflow_refuses_once_it_takes_the_next_time(sweep_folder, runs, monkeypatch):
    """As when two processes at a study write the same metric at the same time."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    sweep, log_batch, refused = sweep_folder(), MlflowClient.log_batch, []

    def busy(*args, **kwargs):
        if not refused:
            refused.append(args)
            raise MlflowException("UNIQUE constraint failed: metrics.key", error_code=1000)
        return log_batch(*args, **kwargs)

    monkeypatch.setattr(MlflowClient, "log_batch", busy)
    sweep.table((0, "complete", 1.0, {}))
    assert sweep.sender().finish("end")
    assert refused
    assert sweep.told == []
    assert states(runs()) == {None: "FINISHED", 0: "FINISHED"}


@pytest.fixture
def broken_server():
    """A server that answers everything in the same way: what, the test says."""

    class Answer(BaseHTTPRequestHandler):
        status, body = 500, b"{}"

        def do_GET(self):
            self.send_response(type(self).status)
            self.send_header("Content-Length", str(len(type(self).body)))
            self.end_headers()
            self.wfile.write(type(self).body)

        do_POST = do_PATCH = do_GET  # noqa: N815  # names of http.server

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Answer, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"error_code": "INTERNAL_ERROR", "message": "out of order"}'),
        (503, b"<html>busy</html>"),
        (404, b"<html>no such page</html>"),
        (200, b"<html>log in first</html>"),
    ],
)
def test_a_server_that_answers_nonsense_loses_nothing(
    sweep_folder, runs, store, broken_server, capsys, status, body
):
    answer, address = broken_server
    answer.status, answer.body = status, body
    sweep = sweep_folder(uri=address)
    key = sweep.start(0)
    sweep.queue.put(Entry(key, metrics=[("max_lift", 1.0, 7, 0)], end=End("FINISHED", 2000)))
    sweep.table((0, "complete", 1.0, {}))
    assert not sweep.sender().finish("end")
    assert [line.split(" (")[0] for line in sweep.told] == [f"MLflow cannot be reached at {address}"]
    assert len(sweep.queue.pending()) == 4
    sweep.queue.open(sweep.queue.about() | {"tracking_uri": f"sqlite:///{store}"})  # it is well again
    assert program.main([str(sweep.folder)]) == 0
    assert states(runs()) == {None: "FINISHED", 0: "FINISHED"}
    assert runs()[0].data.metrics == {"max_lift": 1.0}
