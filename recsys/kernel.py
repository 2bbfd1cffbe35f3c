"""How this project compiles: one decorator for all its kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile at the first call, keep the machine code on disk, and let other threads run meanwhile."""
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:
        # No folder that Numba could write to, as in a read-only installation: compile once a process.
        return cast(Function, njit(nogil=True)(function))
