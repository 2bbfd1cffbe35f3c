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
    """Turn collections of garbage off for imports.

    Modules are no garbage, but each full collection visits all of their objects: a quarter of the time of
    large imports. A program that has called `gc.freeze` leaves the imported objects out of later collections,
    too. In a notebook that would keep all other objects of this moment in memory.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count():
            gc.freeze()
        if was_on:
            gc.enable()
