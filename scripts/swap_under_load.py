"""Swap models under load: python scripts/swap_under_load.py [--requests 10000].

A model is trained, registered and served in a temporary folder. While four connections request explained
recommendations, the alias that the service follows is set to another version, to one with damaged files, to
a third, and back to the first. No request may fail, no response may come from the damaged version, and each
other version must be seen; otherwise the exit code is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmark_serve import call
from load_client import Load, connected, request
from serving_process import ROOT, serving

NAME, ALIAS = "recsys", "challenger"
CONNECTIONS = 4
POLL = 0.2  # seconds
LONGEST = 300.0  # seconds
BODY = {"titles": ["Toy Story (1995)", "Heat (1995)"], "explain": True}


@dataclass
class Outcome:
    """Results.

    Attributes
    ----------
    load : Load
    answered_by : Counter
        Number of responses of each version.
    promoted : list of str
        Versions that came into service, in this order.
    broken : str
        The damaged version.
    failure : str
        The message of the service about it.
    """

    load: Load
    answered_by: Counter[str] = field(default_factory=Counter)
    promoted: list[str] = field(default_factory=list)
    broken: str = ""
    failure: str = ""

    @property
    def good(self) -> bool:
        """Whether no request failed and all versions but the damaged one were seen."""
        seen = set(self.promoted) | {"1"}
        return not self.load.failed and set(self.answered_by) == seen and len(self.promoted) == 3


def swap(folder: Path, n_requests: int) -> Outcome:
    """Serve version 1 of the store in a folder, and swap versions under load."""
    environment = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    registry = Registry(environment["MLFLOW_TRACKING_URI"])
    registry.promote("1")
    second, third, broken = registry.copy(), registry.copy(), registry.damaged(folder / "damaged")
    outcome = Outcome(Load(), broken=broken)
    options = ["--model", f"models:/{NAME}@{ALIAS}", "--poll-seconds", str(POLL)]
    with serving([*options, "--feedback", str(folder / "feedback.db")], folder, environment) as server:
        versions = [second, broken, third, "1"]
        asyncio.run(asyncio.wait_for(_swap(outcome, server.port, registry, versions, n_requests), LONGEST))
    return outcome


class Registry:
    """The registered model of a store."""

    def __init__(self, tracking_uri: str) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(tracking_uri)
        self.files = self.client.get_model_version_download_uri(NAME, "1")

    def promote(self, version: str) -> None:
        """Set the alias to a version."""
        self.client.set_registered_model_alias(NAME, ALIAS, version)

    def copy(self) -> str:
        """Register the files of the first version again."""
        return str(self.client.create_model_version(NAME, self.files).version)

    def damaged(self, folder: Path) -> str:
        """Register files of which one is truncated."""
        shutil.copytree(self.files.removeprefix("file://"), folder)
        (arrays,) = folder.glob("**/model.npz")
        arrays.write_bytes(arrays.read_bytes()[:-1000])
        return str(self.client.create_model_version(NAME, str(folder)).version)


async def _swap(
    outcome: Outcome, port: int, registry: Registry, versions: list[str], n_requests: int
) -> None:
    start, done = perf_counter(), asyncio.Event()

    async def load() -> None:
        content = request("/recommend", BODY)
        async with connected(port) as connection:
            while not done.is_set():
                since = perf_counter()
                status, body = await connection.send(content)
                if status == 200:
                    outcome.load.milliseconds.append(1000 * (perf_counter() - since))
                    outcome.answered_by[json.loads(body)["model_version"]] += 1
                else:
                    outcome.load.failed.append(f"{status}: {body[:200]!r}")

    async def promote() -> None:
        try:
            for number, version in enumerate(versions, start=1):
                await _until(lambda due=number * n_requests / 5: len(outcome.load.milliseconds) >= due)
                await asyncio.to_thread(registry.promote, version)
                served: dict[str, Any] = {}
                failure: dict[str, Any] = {}
                while version not in (served.get("version"), failure.get("version")):
                    await asyncio.sleep(POLL / 4)
                    async with connected(port) as connection:  # an idle one would be closed
                        served = json.loads((await connection.send(request("/model")))[1])
                    failure = served["last_failure"] or {}
                if served["version"] == version:
                    outcome.promoted.append(version)
                else:
                    outcome.failure = failure["message"]
            await _until(lambda: len(outcome.load.milliseconds) >= n_requests)
        finally:
            done.set()

    results = await asyncio.gather(promote(), *(load() for _ in range(CONNECTIONS)), return_exceptions=True)
    outcome.load.failed += [repr(one) for one in results if isinstance(one, BaseException)]
    outcome.load.seconds = perf_counter() - start


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, register, serve, swap, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}", "PYTHONPATH": str(ROOT)}
        made = ["recsys", "hydra.run.dir=run", "hydra/callbacks=untracked", "apriori.min_support=0.02"]
        call(made, folder, environment)
        call(["recsys", "registry", "register", "run"], folder, environment)
        outcome = swap(folder, options.requests)
    figures = outcome.load.figures()
    by_version = ", ".join(
        f"{version}: {number:,}" for version, number in sorted(outcome.answered_by.items())
    )
    print(f"{len(outcome.load.milliseconds):,} responses, {len(outcome.load.failed)} failed.")
    print(f"By version: {by_version}. Came into service: {', '.join(outcome.promoted)}.")
    print(f"Version {outcome.broken} did not: {outcome.failure}")
    print(f"p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms, max {figures['max_ms']} ms.")
    if not outcome.good:
        sys.exit("\n".join(["A request failed, or the wrong versions were seen.", *outcome.load.failed[:5]]))


if __name__ == "__main__":
    main()
