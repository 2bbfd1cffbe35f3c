"""Imports without searches for garbage."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


def quick_import(*names: str) -> None:
    """Import modules, those that are not imported yet without collections of garbage."""
    if all(name in sys.modules for name in names):
        return
    with collections_off():
        for name in names:
            import_module(name)


@contextmanager
def collections_off() -> Iterator[None]:
    """Turn collections of garbage off for imports, and keep later ones from visiting the imported objects.

    Modules are no garbage, but each full collection visits all of their objects: a quarter of the time of
    large imports, and of later collections most.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
