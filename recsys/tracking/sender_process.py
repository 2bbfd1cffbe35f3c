"""The sender's process, as the run or sweep sees it: started, heard, and waited for, but not for ever."""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.tracking.queue import Queue

log = logging.getLogger(__name__)

SAY_AFTER = 2.0  # seconds of waiting that need no word; MLflow's import takes as long
# What the sender says before anything else, followed by its verdict as JSON.
VERDICT = "verdict "

ROOT = Path(__file__).resolve().parents[2]


class SenderProcess:
    """`python -m recsys.tracking.follow FOLDER`, which reads the queue of a folder until it is told to end.

    It holds the other end of a pipe, so that it learns of any end of this process, `kill -9` included.

    Parameters
    ----------
    queue : Queue
    patience : float
        Seconds that it waits for MLflow after the end of this process.
    """

    def __init__(self, queue: Queue, patience: float) -> None:
        self.queue, self.patience = queue, patience
        self._verdict: dict[str, str] = {}
        self._decided = threading.Event()
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        module = ("-m", "recsys.tracking.follow")
        self._process = subprocess.Popen(
            [sys.executable, *module, str(queue.folder), "--patience", str(patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C ends the sweep; the sender then still has to say so
        )
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def verdict(self) -> dict[str, str]:
        """Wait for what MLflow says to the record before anything is run, for at most `patience` seconds.

        Returns
        -------
        dict of str to str
            `refused`, a line that says why MLflow takes no record; or `experiment_id` and `experiment_name`.
            Empty where MLflow cannot be reached: the record waits for it.
        """
        self._decided.wait(self.patience)
        if "refused" in self._verdict:
            self.close("")
        return self._verdict

    def close(self, word: str) -> bool:
        """Say how the run ended, wait for at most `patience` seconds; whether all was sent."""
        patience = self.patience
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return False
        try:
            pipe.write(word)
            pipe.close()
        except BrokenPipeError:  # it is gone, and what waits in the queue is told below
            pass
        if not self._ends_within(min(patience, SAY_AFTER)):
            left = patience - SAY_AFTER
            if left > 0 and self.queue.pending():
                log.info(
                    "Waiting for MLflow at %s to take the rest of the record, %.3g s at most "
                    "(hydra.callbacks.mlflow.patience). What is left then, or with patience=0 at once, is "
                    "kept, and sent by: python -m recsys sync %s",
                    masked(self.queue.about().get("tracking_uri", "")), left,
                    shlex.quote(str(self.queue.folder)),
                )  # fmt: skip
            if not self._ends_within(max(left, 0)):
                self._process.kill()
                self._process.wait()
        self._ear.join()
        if self._process.stdout:
            self._process.stdout.close()
        return self._process.returncode == 0

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            if line.startswith(VERDICT):
                self._verdict = json.loads(line.removeprefix(VERDICT))
                self._decided.set()
            else:
                log.warning(line.rstrip())
        self._decided.set()  # it has ended
