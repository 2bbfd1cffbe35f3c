"""What the benchmark starts ends with it."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/benchmark.py"


def command_of(process):
    """Return the command line of a process; nothing of one that is at its end."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


@pytest.mark.usefixtures("postgresql")  # skips where there is none
def test_ended_by_sigterm_it_leaves_no_server():
    # Not pytest's folder: the account that the server runs under could not enter it.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        command = [sys.executable, SCRIPT, "workers", "--trials", "2", "--work", "0"]
        with subprocess.Popen(
            command, env=os.environ | {"TMPDIR": folder}, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline().startswith("{")  # the figures of the first study; there are four
            (about,) = Path(folder).glob("*/data/postmaster.pid")
            server = int(about.read_text().split()[0])
            process.terminate()
            assert process.wait() == 128 + signal.SIGTERM
        assert not list(Path(folder).glob("recsys-*"))
        assert not command_of(server)
