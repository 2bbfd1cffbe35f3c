"""How the run of a sweep ends: as the sweep did, and by the word of who knows best."""

import json
from contextlib import ExitStack

import pytest
from mlflow import MlflowClient

from recsys.cli import sync as program
from recsys.tracking.delivery import Delivery
from recsys.tracking.entry import End, Entry, Start
from recsys.tracking.sender import send_folder
from recsys.tracking.sweep_run import ENDED, INTERRUPTED, LEFT

CUT = ""  # a killed sweep says nothing


def parent(runs):
    run = runs()[None]
    return run.info.status, run.data.tags.get("ended_by")


@pytest.mark.parametrize(
    ("ended_by", "word", "status"),
    [
        ("total", ENDED, "FINISHED"),
        ("timeout", ENDED, "FINISHED"),
        ("exhausted", ENDED, "FINISHED"),
        ("interrupt", ENDED, "KILLED"),
        ("interrupt", LEFT, "KILLED"),
        ("failures", LEFT, "FAILED"),
        ("error", LEFT, "FAILED"),
        (None, CUT, "KILLED"),
    ],
)
def test_it_ends_as_the_sweeper_says(sweep_folder, runs, ended_by, word, status):
    sweep = sweep_folder()
    sweep.results(ended_by)
    sweep.table((0, "complete", 1.0, {}))
    assert sweep.sender().finish(word)
    assert parent(runs) == (status, ended_by or "kill")


def test_without_a_complete_trial_it_is_failed(sweep_folder, runs):
    sweep = sweep_folder()
    sweep.results("timeout")
    sweep.table((0, "fail", "", {}))
    assert sweep.sender().finish(ENDED)
    assert parent(runs) == ("FAILED", "timeout")


@pytest.mark.parametrize(
    ("word", "end"),
    [
        (ENDED, ("FINISHED", "total")),
        (LEFT, ("FAILED", "failures")),
        (INTERRUPTED, ("KILLED", "interrupt")),
        (CUT, ("KILLED", "kill")),
    ],
)
def test_a_sweep_over_given_values_has_its_word_alone(sweep_folder, runs, word, end):
    sweep = sweep_folder(study="")
    sweep.job(0, 1.0)
    assert sweep.sender().finish(word)
    assert parent(runs) == end


def test_an_interrupted_study_that_is_continued_is_finished(sweep_folder, runs):
    first = sweep_folder("first")
    first.results("interrupt")
    first.table((0, "complete", 1.0, {}))
    assert first.sender().finish(ENDED)
    assert parent(runs) == ("KILLED", "interrupt")
    second = sweep_folder("second")
    sender = second.sender()
    second.results(None)
    second.table((0, "complete", 1.0, {}), (1, "complete", 2.0, {}))
    sender.sweep.update()
    assert sender.delivery.send()
    assert parent(runs) == ("RUNNING", None)
    second.results("total")
    assert sender.finish(ENDED)
    assert parent(runs) == ("FINISHED", "total")


@pytest.mark.parametrize("heard", ["as it begins", "at its end", "after the study went on"])
def test_a_refused_sweep_leaves_the_study_as_it_was(sweep_folder, runs, store, heard):
    first = sweep_folder("first")
    first.results("total")
    first.table((0, "complete", 1.0, {}))
    assert first.sender().finish(ENDED)
    ended_at = runs()[None].info.end_time
    MlflowClient(f"sqlite:///{store}").set_tag(runs()[None].info.run_id, "output_dir", str(first.folder))
    tags = runs()[None].data.tags
    second = sweep_folder("second")  # with another search space: the sweeper writes nothing
    if heard != "after the study went on":
        start = Start("study s", ended_at + 1)
        second.queue.put(Entry(second.PARENT, start, tags={"output_dir": str(second.folder)}))
    sender = second.sender()
    if heard == "as it begins":
        assert sender.delivery.send()
        assert parent(runs) == ("RUNNING", None)
    assert sender.finish(LEFT)
    assert parent(runs) == ("FINISHED", "total")
    assert runs()[None].info.end_time == ended_at
    assert runs()[None].data.tags == tags
    assert runs()[None].data.metrics["n_trials"] == 1


def test_a_sweep_refused_from_the_start_is_failed(sweep_folder, runs):
    sweep = sweep_folder()
    assert sweep.sender().finish(LEFT)
    assert parent(runs) == ("FAILED", "error")


def test_an_older_sweep_that_is_sent_later_has_not_the_last_word(sweep_folder, runs, capsys):
    """It was killed, and MLflow was down; the study went on elsewhere, to its end."""
    first = sweep_folder("one/first")
    key = first.start(0)
    first.results(None)
    first.table((0, "running", "", {}))
    second = sweep_folder("two/second")
    second.results("total", best=1)
    second.job(1, 2.0)
    second.table((0, "fail", "", {"fail_reason": "killed"}), (1, "complete", 2.0, {}))
    sender = second.sender()
    sender.sweep.update()
    assert sender.finish(ENDED)
    assert first.queue.path.exists()
    ended_at = runs()[None].info.end_time
    assert program.main([str(first.folder)]) == 0
    assert "1 of 1 queues were sent." in capsys.readouterr().out
    found = runs()
    assert parent(runs) == ("FINISHED", "total")
    assert found[None].info.end_time == ended_at
    assert found[None].data.tags["best_trial"] == "1"
    assert found[None].data.metrics["n_trials"] == 2
    assert {number: run.info.status for number, run in found.items()} == {
        None: "FINISHED", 0: "FAILED", 1: "FINISHED"
    }  # fmt: skip
    assert found[0].data.tags["recsys.key"] == key


def test_while_another_process_works_on_the_study_its_run_goes_on(sweep_folder, runs):
    first, second = sweep_folder("first"), sweep_folder("second")
    for sweep in (first, second):
        sweep.results("interrupt")
        sweep.table((0, "complete", 1.0, {}))
    with second.queue.sole_reader() as alone:
        assert alone
        assert first.sender().finish(ENDED)
        assert parent(runs) == ("RUNNING", None)
        second.queue.note(
            word=INTERRUPTED
        )  # interrupted at the same time: neither waits for the other's word
        third = sweep_folder("third")
        third.results("interrupt")
        third.table((0, "complete", 1.0, {}))
        assert third.sender().finish(ENDED)
        assert parent(runs) == ("KILLED", "interrupt")


def test_what_another_process_has_yet_to_send_is_not_made_twice(sweep_folder, runs):
    first, second = sweep_folder("first"), sweep_folder("second")
    first.job(0, 1.0)
    rows = [
        (0, "complete", 1.0, {"job_dir": first.folder / "0"}),
        (1, "complete", 1.0, {"answered_from": 0}),
    ]
    second.results("total")
    second.table(*rows)
    with first.queue.sole_reader() as alone:
        assert alone
        assert second.sender().finish(ENDED)
        assert set(runs()) == {None}
    first.start(0)
    first.results("total")
    first.table(*rows)
    assert first.sender().finish(ENDED)
    found = runs()  # which asserts that there is one for each trial
    assert {number: run.info.status for number, run in found.items()} == {
        None: "FINISHED", 0: "FINISHED", 1: "FINISHED"
    }  # fmt: skip


def test_what_is_left_to_a_process_that_ends_meanwhile_is_sent(sweep_folder, runs, monkeypatch):
    first, second = sweep_folder("first"), sweep_folder("second")
    first.job(0, 1.0)
    second.results("total")
    second.table((0, "complete", 1.0, {"job_dir": first.folder / "0"}))
    send_all = Delivery.send_all
    held = ExitStack()
    assert held.enter_context(first.queue.sole_reader())

    def then_it_ends(*args, **kwargs):
        sent = send_all(*args, **kwargs)
        held.close()
        return sent

    monkeypatch.setattr(Delivery, "send_all", then_it_ends)
    assert second.sender().finish(ENDED)
    assert runs()[0].info.status == "FINISHED"
    assert not first.queue.path.exists()


def test_what_a_killed_process_could_not_know_is_left_to_its_sender(sweep_folder, runs):
    killed, second = sweep_folder("killed"), sweep_folder("second")
    killed.job(0, 1.0)
    killed.start(0)
    lost = killed.start(1)
    killed.queue.put(Entry(lost, end=End("FINISHED", 2000)))  # killed before the study was told
    killed.table((0, "complete", 1.0, {}), (1, "running", "", {"job_dir": ""}))
    second.results("total")
    second.table(
        (0, "complete", 1.0, {"job_dir": killed.folder / "0"}),
        (1, "fail", "", {"job_dir": killed.folder / "1"}),
        (2, "complete", 1.0, {"answered_from": 0}),
    )
    with killed.queue.sole_reader() as alone:
        assert alone
        assert second.sender().finish(ENDED)
    assert killed.sender().finish("")
    found = runs()
    assert {number: run.info.status for number, run in found.items()} == {
        None: "FINISHED", 0: "FINISHED", 1: "FAILED", 2: "FINISHED"
    }  # fmt: skip
    assert found[2].data.params == {"apriori.min_support": "0"} | found[2].data.params
    assert not killed.queue.path.exists()


def test_a_child_made_by_two_processes_at_once_is_one(sweep_folder, runs):
    first, second = sweep_folder("first"), sweep_folder("second")
    rows = [(0, "complete", 1.0, {"job_dir": first.folder / "0"}), (1, "complete", 2.0, {})]
    first.job(0, 1.0)
    second.table(*rows)
    sender = second.sender()
    sender.sweep.update()
    assert send_folder(first.queue, first.told.append, last_word=False)
    assert sender.finish(ENDED)  # makes both from the table
    late = sweep_folder("late")
    late.queue.put(_start_in(first, late))  # the first one's job, told at last
    late.results("total")
    late.table(*rows)
    assert late.sender().finish(ENDED)
    assert runs()[0].data.tags["output_dir"] == str(first.folder / "0")


def _start_in(first, late):
    folder = first.folder / "0"
    tags = {"trial.number": "0", "output_dir": str(folder), "study": "s"}
    return Entry(f"{late.PARENT}/0@{folder}", Start("trial 0", 1000, {}, late.PARENT), tags=tags)


def test_the_folder_of_a_trial_is_told_where_mlflow_holds_it(sweep_folder, runs):
    sweep = sweep_folder()
    folder = sweep.job(0, 1.0)
    sweep.queue.put(_start_in(sweep, sweep))
    sweep.table((0, "complete", 1.0, {}))
    assert sweep.sender().finish(ENDED)
    links, run = json.loads((folder / "links.json").read_text()), runs()[0]
    assert links["mlflow_run_id"] == run.info.run_id
    assert links["mlflow_key"] == run.data.tags["recsys.key"]
    assert (links["study"], links["trial"]) == ("s", "0")


def test_answered_trials_are_told_as_the_sweep_goes(sweep_folder, runs):
    sweep = sweep_folder()
    folder = sweep.job(0, 1.0)
    key = f"{sweep.PARENT}/0@{folder}"
    start = Start("trial 0", 1000, {"engine": "bitset", "apriori.min_support": "0"}, sweep.PARENT)
    sweep.queue.put(Entry(key, start, tags={"trial.number": "0"}, end=End("FINISHED", 2000)))
    sender = sweep.sender()
    rows = [(0, "complete", 1.0, {})]
    for number in (1, 2):
        sweep.table(*rows)
        sender.sweep.update()
        assert sender.delivery.send()
        rows.append((number, "complete", 1.0, {"answered_from": 0}))
    sweep.table(*rows)
    sender.sweep.update()
    assert sender.delivery.send()
    found = runs()
    assert {number: run.info.status for number, run in found.items()} == {
        None: "RUNNING", 0: "FINISHED", 1: "FINISHED", 2: "FINISHED"
    }  # fmt: skip
    assert found[2].data.params == {"engine": "bitset", "apriori.min_support": "2"}
    assert found[2].data.metrics == {"max_lift": 1.0}
    assert found[2].data.tags["answered_from"] == "0"
