"""Exit handlers, for a sweep that ends early: Hydra then calls no callback.

They are called when the program ends, or before that, at the end of a call from Python, as `atexit` cannot.
"""

import atexit
from collections.abc import Callable
from typing import Any

_handlers: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []


def register(function: Callable[..., Any], *args: Any) -> None:
    """Register a function to be called at the end, the last one first."""
    atexit.unregister(call_all)
    atexit.register(call_all)
    _handlers.append((function, args))


def unregister(function: Callable[..., Any]) -> None:
    """Remove a function."""
    _handlers[:] = [(other, args) for other, args in _handlers if other != function]


def call_all() -> None:
    """Call the registered functions, each once."""
    while _handlers:
        function, args = _handlers.pop()
        function(*args)
