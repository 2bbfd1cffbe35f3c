"""Calls of a kernel on all processors."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from recsys.mining.bitset import available_processors

Returned = TypeVar("Returned")


def on_all_processors(kernel: Callable[..., Returned], calls: Iterable[tuple[Any, ...]]) -> list[Returned]:
    """Return the results of a kernel, which holds no lock, for some arguments, in order.

    The first error is raised; it and an interrupt end what has not begun.
    """
    with ThreadPoolExecutor(available_processors()) as pool:
        try:
            results = [pool.submit(kernel, *arguments) for arguments in calls]
            return [result.result() for result in results]
        finally:
            pool.shutdown(cancel_futures=True)
