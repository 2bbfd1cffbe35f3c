"""Compilation of kernels by Numba, and a clock that leaves it out."""

import logging
import re
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from inspect import getfile
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import event, serialize
from numba.core.dispatcher import Dispatcher

IMPORT = re.compile(r"^from ([\w.]+\._\w+_kernel) import", re.MULTILINE)

log = logging.getLogger(__name__)

# Kernels that return arrays call this function of Numba's. An interrupt during a kernel arrives in the first
# code after it that is written in Python. If that is this function, a SystemError is raised. With a cache,
# which is written in C, it is a KeyboardInterrupt, from the second call of a kernel on.
if hasattr(serialize, "_numba_unpickle"):
    serialize._numba_unpickle = cache(serialize._numba_unpickle)

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile at the first call, cache the machine code on disk, and release the GIL.

    The machine code is compiled again after a change of the kernel's file or of kernels that it imports.

    A kernel that Python calls returns no named tuple: to make one, Numba runs Python, and an interrupt that
    arrives then ends the process with a segmentation fault.
    """
    return _compiled(function, nogil=True)


def kernel_of_objects(function: Function) -> Function:
    """Do what `kernel` does, but hold the GIL, without which no function may use Python's objects."""
    return _compiled(function, nogil=False)


def _compiled(function: Function, nogil: bool) -> Function:
    try:
        compiled = njit(nogil=nogil, cache=True)(function)
    except RuntimeError:
        # No writable folder for the cache, as in a read-only installation: compile once per process.
        return cast(Function, njit(nogil=nogil)(function))
    if isinstance(compiled, Dispatcher):  # not where NUMBA_DISABLE_JIT is set
        # Numba itself looks at the kernel's file alone, and would go on with old code of the others.
        compiled._cache._cache_file._source_stamp = digest(getfile(function))  # type: ignore[attr-defined]
    return cast(Function, compiled)


@cache
def digest(file: str) -> bytes:
    """Return the SHA-256 of a file of kernels and, through all levels, of those that it imports."""
    source = Path(file).read_bytes()
    imported = [digest(str(sys.modules[name].__file__)) for name in IMPORT.findall(source.decode())]
    return sha256(b"".join([sha256(source).digest(), *imported])).digest()


def prepare() -> None:
    """Load what Numba loads for its first kernel, a fifth of a second, before that is needed."""
    _nothing(0)


@kernel
def _nothing(number: int) -> int:
    return number


def clock() -> float:
    """Return seconds as `time.perf_counter`, without those in which Numba compiles or loads machine code."""
    return perf_counter() - _compiling.seconds()


class _Compiling(event.Listener):
    """Seconds during which at least one thread compiles; says once why the first use takes long."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._depth, self._started, self._total = 0, 0.0, 0.0

    def on_start(self, event: Any) -> None:
        if event.kind == "numba:compile":
            _announce()
        with self._lock:
            if self._depth == 0:
                self._started = perf_counter()
            self._depth += 1

    def on_end(self, event: Any) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._total += perf_counter() - self._started

    def seconds(self) -> float:
        with self._lock:
            return self._total + (perf_counter() - self._started if self._depth else 0.0)


@cache
def _announce() -> None:
    log.info("Compiling the kernels, which takes up to a minute; the machine code is kept on disk.")


_compiling = _Compiling()
event.register("numba:compiler_lock", _compiling)  # type: ignore[no-untyped-call]  # held while a kernel is compiled or loaded
event.register("numba:compile", _compiling)  # type: ignore[no-untyped-call]  # not where it is loaded
