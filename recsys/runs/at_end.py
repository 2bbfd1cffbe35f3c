"""What is left to do for a sweep that ends early: Hydra then calls no callback.

It is done when the program ends, or before that, when a call from Python does.
"""

import atexit
from collections.abc import Callable
from typing import Any

_left: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []


def register(function: Callable[..., Any], *args: Any) -> None:
    """Register a function that is called at the end, the last one first."""
    atexit.unregister(do_what_is_left)
    atexit.register(do_what_is_left)
    _left.append((function, args))


def unregister(function: Callable[..., Any]) -> None:
    """Leave a function out."""
    _left[:] = [(other, args) for other, args in _left if other != function]


def do_what_is_left() -> None:
    """Call the registered functions, each once."""
    while _left:
        function, args = _left.pop()
        function(*args)
