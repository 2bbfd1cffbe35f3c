"""Kill the service while it stores feedback: python scripts/kill_during_feedback.py [--kills 20].

Four connections send thumbs. After a random number of responses the service is killed (SIGKILL) and started
again, and requests without a response are sent again. At the end every acknowledged thumb must be in the
database exactly once; otherwise the exit code is 1.

Each service is a fork of one process that has imported everything and loaded the model, so that it starts
at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from load_client import connected, request
from serving_process import ROOT

CONNECTIONS = 4
LONGEST = 300.0  # seconds


@dataclass
class Outcome:
    """Results.

    Attributes
    ----------
    kills : int
    acknowledged : list of str
        Names of the users, one for each thumb.
    again : int
        Thumbs that were sent again, because no response came.
    known : int
        Of these, those with the response "replaced": stored before the response was lost.
    kept : Counter
        Rows in the database by user.
    seconds : float
    """

    kills: int = 0
    acknowledged: list[str] = field(default_factory=list)
    again: int = 0
    known: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether exactly the acknowledged thumbs are stored, once each."""
        return self.kept == Counter(self.acknowledged) and set(self.kept.values()) == {1}


def kill(bundle: Path, feedback: Path, kills: int) -> Outcome:
    """Serve a bundle, kill the service `kills` times, and read what is stored."""
    from recsys.feedback import FeedbackStore

    outcome = Outcome()
    start = perf_counter()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, __file__, "--fork", str(listening.fileno()), str(bundle), str(feedback)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[listening.fileno()],
            env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        ) as forks:  # fmt: skip
            port = listening.getsockname()[1]
            asyncio.run(asyncio.wait_for(_kill(outcome, port, forks, kills), LONGEST))
    outcome.seconds = perf_counter() - start
    store = FeedbackStore.open(str(feedback), make=False)
    outcome.kept = Counter(one.user_id for one in store.read())
    store.close()
    return outcome


async def _kill(outcome: Outcome, port: int, forks: subprocess.Popen[str], kills: int) -> None:
    done = asyncio.Event()
    wanted = request("/recommend", {"items": [], "k": 1})

    async def send(worker: int) -> None:
        number, again, thumb = 0, False, b""
        while not done.is_set():
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                async with connected(port) as connection:
                    while not done.is_set():
                        name = f"{worker}-{number}"
                        if not again:
                            shown = json.loads((await connection.send(wanted))[1])
                            thumb = request("/feedback", _thumb(shown, name))
                        outcome.again += again
                        again = True
                        status, body = await connection.send(thumb)
                        if status != 200:
                            raise RuntimeError(f"{status}: {body!r}")
                        outcome.acknowledged.append(name)
                        outcome.known += b'"replaced"' in body
                        number, again = number + 1, False

    async def end() -> None:
        random = Random(0)
        try:
            for _ in range(kills):
                pid = await _fork(forks)
                due = len(outcome.acknowledged) + random.randint(5, 40)
                while len(outcome.acknowledged) < due:
                    await asyncio.sleep(random.random() / 200)
                os.kill(pid, signal.SIGKILL)
                outcome.kills += 1
            last = await _fork(forks)  # for the requests that are left
        finally:
            done.set()
        await asyncio.gather(*workers)
        os.kill(last, signal.SIGKILL)
        assert forks.stdin is not None
        forks.stdin.close()

    workers = [asyncio.ensure_future(send(worker)) for worker in range(CONNECTIONS)]
    await end()


def _thumb(shown: dict[str, Any], user: str) -> dict[str, Any]:
    """Return a thumb up for the first item of a list that was shown."""
    item = shown["recommendations"][0]["item_id"]
    return {"signed_list": shown["signed_list"], "user_id": user, "item_id": item, "verdict": "up"}


async def _fork(forks: subprocess.Popen[str]) -> int:
    """Start a service; return its process id."""
    assert forks.stdin is not None
    assert forks.stdout is not None
    forks.stdin.write("\n")
    forks.stdin.flush()
    return int(await asyncio.to_thread(forks.stdout.readline))


def fork(listening: int, bundle: str, feedback: str) -> None:
    """For each line on the standard input, fork a service, print its process id, and wait for its end."""
    import uvicorn

    from recsys.feedback import FeedbackStore
    from recsys.serving import Settings
    from recsys.serving.app import create_app
    from recsys.serving.reloader import ModelReloader
    from recsys.serving.source import FolderSource

    reloader = ModelReloader(FolderSource(Path(bundle)), poll_seconds=3600)
    reloader.load()
    connections = socket.socket(fileno=listening)
    many = 10**9  # all thumbs are for one item, from one address
    settings = Settings(max_thumbs_per_item=many, max_thumbs_per_address=many)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            app = create_app(settings, reloader, FeedbackStore.open(feedback))
            uvicorn.Server(uvicorn.Config(app, log_level="error")).run([connections])
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, serve, kill, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args(arguments)
    from benchmark_serve import call

    from recsys.models.training import load_or_fit

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = ["recsys", "hydra.run.dir=run", "hydra/callbacks=untracked", "apriori.min_support=0.1"]
        call(made, folder, {"PYTHONPATH": str(ROOT)})
        load_or_fit(str(folder / "run")).save(folder / "bundle")
        outcome = kill(folder / "bundle", folder / "feedback.db", options.kills)
    acknowledged, kept = len(outcome.acknowledged), outcome.kept.total()
    print(f"{outcome.kills} kills in {outcome.seconds:.1f} s: {acknowledged:,} thumbs acknowledged,")
    print(f"{outcome.again} sent again, {outcome.known} of these stored already; the database has {kept:,}.")
    if not outcome.good:
        sys.exit("The database does not hold exactly the acknowledged thumbs.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fork"]:
        fork(int(sys.argv[2]), *sys.argv[3:])
    else:
        main()
