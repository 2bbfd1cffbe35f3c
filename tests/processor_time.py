"""Processor seconds of the tests: in all, and with `--processor-time N` of the N files that took the most.

The processes that a test starts are counted with it, unless they outlive their parent.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest


class ProcessorTime:
    """A plugin that counts the seconds of this process, or, under pytest-xdist, of its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.files: Counter[str] = Counter()
        self.workers = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """Count the import of a test file."""
        before = used()
        try:
            return (yield)
        finally:
            if isinstance(collector, pytest.Module):
                self.files[file_of(collector)] += used() - before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count a test with its fixtures."""
        before = used()
        try:
            return (yield)
        finally:
            self.files[file_of(item)] += used() - before

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Tell the controller, from a worker."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["processor_time"] = used(), dict(self.files)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear from a worker."""
        seconds, files = getattr(node, "workeroutput", {}).get("processor_time", (0.0, {}))
        self.workers += seconds
        self.files.update(files)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table and the total."""
        # Workers that have ended are children of the controller: they are counted once.
        total = sum(os.times()[:2]) + self.workers if self.workers else used()
        terminalreporter.section("processor time")
        for name, seconds in self.files.most_common(self.config.getoption("processor_time")):
            terminalreporter.line(f"{seconds:8.1f} s  {name}")
        terminalreporter.line(f"{total:8.1f} s  in all")


def used() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def file_of(node: pytest.Collector | pytest.Item) -> str:
    """Return the path of the file of a test."""
    return node.nodeid.partition("::")[0]
