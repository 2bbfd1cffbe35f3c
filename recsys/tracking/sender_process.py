"""Start the sender's process, read its messages, and wait for it."""

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.tracking.queue import Queue

log = logging.getLogger(__name__)

SAY_AFTER = 2.0  # seconds of waiting without a message; MLflow's import takes as long
VERDICT = "verdict "  # prefix of the sender's first line, before JSON

ROOT = Path(__file__).resolve().parents[2]


class SenderProcess:
    """Process of `python -m recsys.tracking.follow FOLDER`, which sends the queue of a folder.

    It reads from a pipe, and so notices any end of this process, `kill -9` included. `patience` is the number
    of seconds to wait for MLflow after the end of this process.
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
            start_new_session=True,  # Ctrl-C must not end the sender
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def verdict(self) -> dict[str, str]:
        """Wait, for at most `patience` seconds, for `Sender.check`; empty if there is no answer."""
        self._decided.wait(self.patience)
        if "refused" in self._verdict:
            self.close("")
        return self._verdict

    def close(self, word: str) -> bool:
        """Send the last word, wait for at most `patience` seconds; return whether all entries were sent."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return False
        try:
            pipe.write(word)
            pipe.close()
        except BrokenPipeError:  # the sender has ended
            pass
        if not self._ends_within(min(self.patience, SAY_AFTER)):
            left = max(self.patience - SAY_AFTER, 0)
            if left and self.queue.pending():
                log.info(
                    "Waiting for MLflow at %s to take the rest of the record, %.3g s at most "
                    "(hydra.callbacks.mlflow.patience). What is left then, or with patience=0 at once, is "
                    "kept, and sent by: %s",
                    masked(self.queue.about().get("tracking_uri", "")), left, self.queue.sync_command(),
                )  # fmt: skip
            if not self._ends_within(left):
                self._process.kill()
                self._process.wait()
        self._reader.join()
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
        self._decided.set()  # the sender has ended
