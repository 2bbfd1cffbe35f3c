"""The queue loses nothing and leaves nothing, whoever dies while it is used."""

import os
import subprocess
import sys

from recsys.tracking.entry import Entry
from recsys.tracking.queue import Queue


def test_what_a_killed_writer_left_goes_with_the_queue(tmp_path):
    queue = Queue(tmp_path)
    queue.open({"tracking_uri": "sqlite:///x.db"})
    (queue.path / ".entry-killed").write_text('{"run":')
    queue.close()
    assert not queue.path.exists()


def test_a_writer_whose_unfinished_file_was_removed_writes_again(tmp_path, monkeypatch):
    queue, link, closed = Queue(tmp_path), os.link, []
    queue.open({"tracking_uri": "sqlite:///x.db"})

    def slow(source, target):
        if not closed:
            closed.append(Queue(tmp_path).close())  # a sender finds the queue empty
            assert not queue.path.exists()
        link(source, target)

    monkeypatch.setattr("recsys.tracking.queue.os.link", slow)
    queue.put(Entry("key", tags={"a": "b"}))
    (file,) = queue.pending()
    assert Entry.from_json(file.read_text()).tags == {"a": "b"}
    assert queue.about() == {"tracking_uri": "sqlite:///x.db"}
    assert [path.name for path in queue.path.iterdir() if path.name.startswith(".")] == []


def test_the_order_is_that_of_the_numbers(tmp_path):
    queue = Queue(tmp_path)
    queue.open({})
    for number in (999_999, 1_000_000, 5):
        (queue.path / f"{number:06}.json").write_text("{}")
    assert [path.stem for path in queue.pending()] == ["000005", "999999", "1000000"]


def test_whether_the_run_still_lives(tmp_path):
    queue, child = Queue(tmp_path), subprocess.Popen([sys.executable, "-c", ""])
    queue.open(Queue.writer())
    assert queue.is_written()
    queue.note(pid=child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody knows
    assert not queue.is_written()
    child.wait()
    assert not queue.is_written()
    queue.note(machine="another")
    assert queue.is_written()


def test_refused_entries_go_back_to_their_places(tmp_path):
    queue = Queue(tmp_path)
    queue.open({})
    for i in range(3):
        queue.put(Entry("key", tags={"i": str(i)}))
    queue.refuse(queue.pending()[:2], "too long")
    assert queue.refusals() == "2 entries (too long)"
    queue.pending()[0].unlink()  # sent
    queue.put(Entry("key", tags={"i": "3"}))  # a number of its own, though the queue was empty
    queue.retry_refused()
    assert [Entry.from_json(file.read_text()).tags["i"] for file in queue.pending()] == ["0", "1", "3"]
    assert queue.refused is None
