"""Start programs as processes that do not import again what the tests have imported.

`python -m recsys` imports for a second or two, and for as long again when it records in MLflow. So the test
process is forked once, after collection and before the first test. This fork is a server: it forks itself for
each program started with `Popen` or `run`. The program becomes a child of the test process like any other,
with its own arguments, environment, streams, signals and exit code. It shares nothing but imported modules;
tests of what a program imports, or of warnings during imports, use `subprocess`.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import faulthandler
import gc
import io
import json
import logging
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

PR_SET_CHILD_SUBREAPER = 36

# What functions of the project import, which each program would import again; with what it comes from.
IMPORTED_LATE = {
    "recsys.pipeline": ("pyarrow.parquet", "recsys.reporting.figures", "recsys.reporting.callbacks"),
    "mlflow": ("mlflow.store.tracking.sqlalchemy_store", "recsys.tracking.sender"),
    "optuna_sweeper": ("optuna_sweeper.run", "hydra_plugins.recsys_optuna_sweeper.sweeper"),
}

SWEEP = (
    "-m", "hydra/sweeper=optuna", "apriori.min_support=interval(0.3,0.4)", "hydra.sweeper.n_trials=2",
    "~hydra.callbacks.mlflow", "hydra.sweep.dir=sweep",
)  # fmt: skip

_server: tuple[int, socket.socket] | None = None  # process id and connection


def import_early() -> None:
    """Import what the collected tests will import in functions, for this process and for all programs."""
    for package, modules in IMPORTED_LATE.items():
        if package in sys.modules:
            for module in modules:
                import_module(module)


def start_server() -> None:
    """Fork the process that programs are forked from."""
    global _server
    if sys.platform != "linux":
        return
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with warnings.catch_warnings():
        # Python 3.12 warns of threads: there are those of pytest-xdist and of BLAS, which wait. The fork has
        # one thread, so it forks programs without a warning.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
        if pid == 0:
            try:
                _serve(its)
            finally:
                os._exit(1)
    its.close()
    _server = pid, ours


def stop_server() -> None:
    """End it."""
    global _server
    if _server is not None:
        pid, line = _server
        line.close()
        os.waitpid(pid, 0)
        _server = None


class Popen(subprocess.Popen):  # type: ignore[type-arg]
    """`subprocess.Popen` for commands of Python: `[sys.executable, "-W", ..., "-m", ...]`, `-c` or a file."""

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any,
                       cwd: Any, env: Any, startupinfo: Any, creationflags: Any, shell: Any, p2cread: int,
                       p2cwrite: int, c2pread: int, c2pwrite: int, errread: int, errwrite: int, *more: Any
                       ) -> None:  # fmt: skip
        *_, start_new_session, process_group = more
        if _server is None or preexec_fn is not None or process_group != -1:
            super()._execute_child(
                args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo, creationflags,
                shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *more,
            )  # fmt: skip
            return
        assert args[0] == sys.executable, args
        request = {
            "command": [str(word) for word in args],
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "session": start_new_session,
        }
        streams = [fd if given == -1 else given for fd, given in enumerate((p2cread, c2pwrite, errwrite))]
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        line = _server[1]
        _adopt_orphans(True)
        try:
            socket.send_fds(line, [json.dumps(request).encode()], streams)
            self.pid = int(line.recv(20))
            assert line.recv(20) == b"started"
        finally:
            _adopt_orphans(False)
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run such a command and wait for its end, as `subprocess.run` does."""
    if options.pop("capture_output", False):
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    check = options.pop("check", False)
    with Popen(command, **options) as process:
        stdout, stderr = process.communicate()
    done = subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
    if check:
        done.check_returncode()
    return done


def fork_in(module: str, patch: pytest.MonkeyPatch) -> None:
    """Have a module start its programs with this `Popen`."""
    patch.setattr(f"{module}.subprocess", _subprocess_with(Popen))


def _subprocess_with(popen: Any) -> Any:
    return types.SimpleNamespace(**vars(subprocess) | {"Popen": popen})


def fork_here(command: list[str], **options: Any) -> subprocess.Popen[Any]:
    """Fork the calling process, not the server: for a program that starts another one of the project."""
    env = dict(options.pop("env", os.environ))
    return subprocess.Popen(command, preexec_fn=partial(_become, command, env), **options)


def _adopt_orphans(switch: bool) -> None:
    """Make this process the parent of descendants whose own parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(switch))


def _serve(line: socket.socket) -> NoReturn:
    """Fork twice for each request: the process between ends, and the test process adopts its child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.disable()
    # Not closed: objects that hold their numbers, such as handlers of pytest, may close them later.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if number > 2 and number not in (line.fileno(), nowhere):
            with contextlib.suppress(OSError):  # that of the listing itself
                os.fstat(number)
                os.dup2(nowhere, number)
    is_warm = False
    while True:
        message, streams, *_ = socket.recv_fds(line, 1 << 20, 3)
        if not message:
            os._exit(0)
        if not is_warm:
            _warm_up()
            is_warm = True
        parent = os.fork()
        if parent == 0:
            request, own = json.loads(message), os.getpid()
            child = os.fork()
            if child == 0:
                if request["session"]:
                    os.setsid()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                os.chdir(request["cwd"])
                while os.getppid() == own:  # not handed over yet
                    os.sched_yield()
                _become(request["command"], request["env"])
            line.send(str(child).encode())
            os._exit(0)
        os.waitpid(parent, 0)
        line.send(b"started")
        for stream in streams:
            os.close(stream)


def _warm_up() -> None:
    """Run a small sweep: what it loads, compiles and composes, the programs that are forked have."""
    if not {"recsys.pipeline", "optuna_sweeper"} <= sys.modules.keys():
        return
    from hydra.core.global_hydra import GlobalHydra

    from recsys.__main__ import main

    before, argv, streams = Path.cwd(), sys.argv, (sys.stdout, sys.stderr)
    nowhere = io.StringIO()  # handlers of Hydra keep it
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.argv, sys.stdout, sys.stderr = ["recsys", *SWEEP], nowhere, nowhere
        try:
            main()
        finally:
            os.chdir(before)
            sys.argv, (sys.stdout, sys.stderr) = argv, streams
    GlobalHydra.instance().clear()
    gc.freeze()


def _become(command: list[str], env: dict[str, str]) -> NoReturn:
    """Run a command in this process and end. Its streams and working directory are set already."""
    code = 1
    try:
        os.closerange(3, 1 << 16)
        os.environ.clear()
        os.environ.update(env)
        sys.orig_argv = list(command)
        _forget_the_tests()
        code = _end_of(partial(_interpret, command[1:]))
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.flush()
    finally:
        os._exit(code)


def _forget_the_tests() -> None:
    """Reset what pytest and the server have changed in this process."""
    atexit._clear()
    gc.enable()
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    for number, name in enumerate(("stdout", "stderr"), 1):
        stream = open(number, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.unraisablehook, threading.excepthook = sys.__unraisablehook__, threading.__excepthook__
    for number in signal.SIGTERM, signal.SIGPIPE, signal.SIGALRM:
        signal.signal(number, signal.SIG_DFL if number != signal.SIGPIPE else signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.root.handlers.clear()
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what recsys sets before it imports MLflow
    for reference in logging._handlerList:  # type: ignore[attr-defined]
        handler = reference()
        if type(handler) is logging.StreamHandler:
            handler.setStream(sys.stderr)
    warnings.resetwarnings()
    random.seed()
    np.random.seed()


def _end_of(program: Any) -> int:
    """Run the program; return its exit code."""
    try:
        program()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        return 1
    return 0


def _interpret(words: list[str]) -> None:
    """Run a program as `python` does with these arguments."""
    for sender in filter(None, [sys.modules.get("recsys.tracking.sender_process")]):
        sender.subprocess = _subprocess_with(fork_here)  # type: ignore[attr-defined]
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    while words[0] == "-W":
        action, _, message = words[1].partition(":")
        warnings.filterwarnings(action, message)  # type: ignore[arg-type]
        words = words[2:]
    kind, *words = ["-m", *words[1:]] if words[0] == "-m" else words
    if kind == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = words
        sys.modules.pop(f"{words[0]}.__main__", None)  # imported for the tests, to be run now
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        return
    source = words.pop(0) if kind == "-c" else Path(kind).read_text("utf-8")
    path = "<string>" if kind == "-c" else kind
    sys.path.insert(0, "" if kind == "-c" else str(Path(kind).resolve().parent))
    sys.argv = [kind, *words]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    if kind != "-c":
        main.__file__ = str(Path(path).resolve())
    exec(compile(source, path, "exec"), vars(main))
