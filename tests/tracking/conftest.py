"""A store of MLflow, and sweep folders as the sweeper leaves them."""

import csv
import json
import logging
import os
import threading

import pytest
from mlflow import MlflowClient

from recsys.tracking.delivery import Delivery
from recsys.tracking.entry import Entry, Start
from recsys.tracking.queue import Queue
from recsys.tracking.sender import Sender


class SweepFolder:
    """A sweep's folder, written as the sweeper and the callback write it."""

    PARENT = "study/s/0"

    def __init__(self, folder, uri, study):
        self.folder, self.told = folder, []
        folder.mkdir(parents=True)
        self.queue = Queue(folder)
        objective = {"metrics": ["max_lift"], "directions": ["maximize"]}
        sweep = {"run": self.PARENT, "study": study, "objective": objective}
        self.queue.open({"tracking_uri": uri, "experiment_name": "recsys", "sweep": sweep})
        self.queue.put(
            Entry(self.PARENT, Start("study s", 1, {"sweeper.n_trials": "3"}), tags={"study": "s"})
        )

    def start(self, number):
        key = f"{self.PARENT}/{number}@{self.folder / str(number)}"
        start = Start(f"trial {number}", 1000 + number, {"apriori.min_support": str(number)}, self.PARENT)
        self.queue.put(Entry(key, start, tags={"trial.number": str(number), "job_num": str(number)}))
        return key

    def job(self, number, lift):
        """What a job leaves in its folder."""
        job = self.folder / str(number)
        job.mkdir()
        (job / "metrics.json").write_text(json.dumps({"max_lift": lift}))
        return job

    def table(self, *rows):
        """Write trials.csv: each row is number, state, value, and what else."""
        names = ["number", "state", "value", "params_apriori.min_support", "start", "end", "seconds"]
        names += ["job_dir", "fail_reason", "answered_from"]
        with (self.folder / "trials.csv").open("w") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            for number, state, value, more in rows:
                job = self.folder / str(number)
                known = {
                    "number": number,
                    "state": state,
                    "value": value,
                    "params_apriori.min_support": number,
                }
                known["end"] = f"2026-01-01T00:00:{number:02}"
                known["job_dir"] = job if job.exists() else ""
                writer.writerow(known | more)

    def results(self, ended_by, best=0):
        """Write optimization_results.yaml."""
        text = f"best_trial: {best}\nbest_value: 1.0\nended_by: {ended_by or 'null'}\n"
        (self.folder / "optimization_results.yaml").write_text(text)

    def sender(self):
        return Sender(Delivery(self.queue, self.told.append))


@pytest.fixture
def sweep_folder(store, tmp_path):
    def make(name="sweep", uri=f"sqlite:///{store}", study="s"):
        return SweepFolder(tmp_path / name, uri, study)

    return make


@pytest.fixture
def runs(store):
    """Ask MLflow for the runs of an experiment: the parent as None, children by their numbers."""

    def ask(experiment="recsys"):
        client = MlflowClient(f"sqlite:///{store}")
        found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
        named = {run.data.tags.get("trial.number"): run for run in found}
        assert len(named) == len(found)
        return {None if key is None else int(key): run for key, run in named.items()}

    return ask


class SenderThread:
    """Stands for the sender's process in this one, where MLflow is imported, which takes seconds."""

    def __init__(self, queue, patience):
        self.queue, self.sent, self.said = queue, False, {}
        self.decided = threading.Event()
        self.reader, self.writer = os.pipe()
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()

    def _follow(self):
        with self.queue.sole_reader() as alone:
            assert alone
            sender = Sender(Delivery(self.queue, logging.getLogger("sender").warning))
            self.said = sender.delivery.check()
            self.decided.set()
            if "refused" in self.said:
                self.queue.close()
            else:
                self.sent = sender.follow(self.reader)

    def verdict(self):
        self.decided.wait()
        if "refused" in self.said:
            self.close("")
        return self.said

    def close(self, word):
        if self.thread is not None:
            os.write(self.writer, word.encode())
            os.close(self.writer)
            self.thread.join()
            os.close(self.reader)
            self.thread = None
        return self.sent


@pytest.fixture
def sender_in_a_thread(monkeypatch):
    """For tests of what is sent; others have the process that sends it."""
    senders = []

    class KnownSenderThread(SenderThread):
        def __init__(self, queue, patience):
            super().__init__(queue, patience)
            senders.append(self)

    monkeypatch.setattr("recsys.tracking.mlflow_callback.SenderProcess", KnownSenderThread)
    yield
    for sender in senders:  # which a callback that a test has broken did not close
        SenderThread.close(sender, "")
