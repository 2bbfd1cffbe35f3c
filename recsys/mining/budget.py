"""Budgets of mining, and errors that name what would fit."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from recsys.errors import BudgetError, ParameterError
from recsys.mining.support import shortest_between
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer, require_positive

MOST_ITEMSETS = 2**31 - 1  # kernels number them with 32 bits
_UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of mining. Mining that would exceed one raises BudgetError; results are never truncated.

    Parameters
    ----------
    max_itemsets : int, optional
        Largest number of frequent itemsets; 2**31 - 1 unless given, the most that any result holds.
    max_seconds : float, optional
        Longest time, in seconds of the wall clock.
    max_memory : int or str, optional
        Most memory that mining takes on top of the transactions: bytes, a size such as "500 MB", "2 GB" or
        "1.5 GiB", or a share of what the machine has available when mining starts, such as "50%". It is
        estimated before it is taken, from what the arrays will hold.

    Raises
    ------
    ParameterError
        If one is not positive, or the memory is in no known unit.
    """

    max_itemsets: int | None = None
    max_seconds: float | None = None
    max_memory: int | str | None = None

    def __post_init__(self) -> None:
        if self.max_itemsets is not None:
            require_integer("max_itemsets", self.max_itemsets, minimum=1)
        if self.max_seconds is not None:
            require_positive("max_seconds", self.max_seconds)
        self.memory_bytes()

    def memory_bytes(self) -> int | None:
        """Return `max_memory` in bytes; a percentage refers to the memory available now."""
        value = self.max_memory
        if value is None:
            return None
        rule = "a positive number of bytes, a size such as '2 GB', or a share such as '50%'"
        if not isinstance(value, str):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ParameterError("max_memory", rule, value)
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%|[A-Za-z]*)\s*", value)
        unit = (match[2].upper() or "B") if match else ""
        if match is None or not float(match[1]) or unit not in {*_UNITS, "%"}:
            raise ParameterError("max_memory", rule, value)
        if unit == "%":
            if float(match[1]) > 100:
                raise ParameterError("max_memory", rule, value)
            return int(available_memory() * float(match[1]) / 100)
        return max(1, int(float(match[1]) * _UNITS[unit]))


def available_memory() -> int:
    """Return the available bytes of the machine, or of its container (control group)."""
    available = []
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), flags=re.MULTILINE)
        if match:
            available.append(int(match[1]) * 1024)
    group = Path("/sys/fs/cgroup")
    if (group / "memory.max").is_file():
        most = (group / "memory.max").read_text().strip()
        if most != "max":
            available.append(max(0, int(most) - int((group / "memory.current").read_text())))
    if not available:
        available.append(_physical_memory())
    return min(available)


def _physical_memory() -> int:
    """Return the bytes of the machine; 4 GiB where they are unknown (Windows)."""
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return 4 * 2**30
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


# The default of mining, so that it cannot exhaust the machine.
DEFAULT_BUDGET = Budget(max_memory="50%")


def require_budget(budget: Budget | None) -> None:
    """Raise ParameterError unless a budget is one, or None."""
    if budget is not None and not isinstance(budget, Budget):
        cure = "For example recsys.mining.Budget(max_memory='2 GB')."
        raise ParameterError("budget", "a Budget, or None", type(budget), cure)


class Meter:
    """Check memory, time and number of itemsets of mining against a budget.

    Parameters
    ----------
    budget : Budget
    n_transactions : int
    bytes_per_itemset : int
        Memory of an engine per itemset.
    fixed_bytes : int
        Memory of an engine without itemsets.
    """

    def __init__(
        self, budget: Budget, n_transactions: int, bytes_per_itemset: int, fixed_bytes: int = 0
    ) -> None:
        self.budget = budget
        self._n_transactions = n_transactions
        self._bytes_per_itemset = bytes_per_itemset
        self._memory = budget.memory_bytes()
        self._fixed_bytes = fixed_bytes
        from recsys.kernel import clock  # imported here: it loads Numba, which settings are read without

        self._clock = clock
        self._started = clock()
        self._item_counts: IntArray = np.empty(0, dtype=np.int64)
        self._max_len: int | None = None

    def set_items(self, counts: IntArray, max_len: int | None) -> None:
        """Keep the counts of the frequent items, and `max_len`: they bound the number of all itemsets."""
        self._item_counts, self._max_len = counts, max_len

    @property
    def max_itemsets(self) -> int:
        """Largest number of itemsets that both `max_itemsets` and `max_memory` allow."""
        most = min(self.budget.max_itemsets or MOST_ITEMSETS, MOST_ITEMSETS)
        if self._memory is None:
            return most
        return min(most, max(0, self._memory - self._fixed_bytes) // self._bytes_per_itemset)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until `max_seconds` is over, negative after it; None without it."""
        if self.budget.max_seconds is None:
            return None
        return self.budget.max_seconds - (self._clock() - self._started)

    @property
    def is_late(self) -> bool:
        """Whether `max_seconds` is over."""
        return self.seconds_left is not None and self.seconds_left < 0

    def take(self, n_bytes: int) -> None:
        """Count memory about to be taken, beside that of the itemsets; raise BudgetError if too much."""
        self._fixed_bytes += n_bytes
        if self._memory is not None and self._fixed_bytes > self._memory:
            raise BudgetError(
                f"max_memory is {_in_words(self.budget.max_memory, self._memory)}; mining needs "
                f"{_size(self._fixed_bytes)} before it has found anything. Raise max_memory or min_support."
            )

    def exceeded(
        self,
        counts: IntArray,
        share: float,
        min_count: int,
        *,
        late: bool = False,
        at_least: int | None = None,
    ) -> BudgetError:
        """Return the error that says what was reached, and where it would fit.

        Parameters
        ----------
        counts : ndarray
            The counts of the itemsets found.
        share : float
            Share of the search that found them, in (0, 1].
        min_count : int
            The minimum count of the search.
        late : bool
            Whether it is `max_seconds` that was reached.
        at_least : int, optional
            How many itemsets there would be at least, where that is known.
        """
        most = max(1, len(counts)) if late else self.max_itemsets
        if late:
            reached = f"max_seconds is {self.budget.max_seconds:g}"
        elif most == self.budget.max_itemsets:
            reached = f"max_itemsets is {most:,}"
        elif most == MOST_ITEMSETS:
            reached = f"A result holds at most 2**31 - 1 = {most:,} itemsets"
        else:
            memory = _in_words(self.budget.max_memory, self._memory or 0)
            reached = f"max_memory is {memory}, room for {most:,} itemsets"
        seconds = self._clock() - self._started
        found = f"after {seconds:.2g} s mining had found {len(counts):,}"
        if at_least is not None:
            number = f"{at_least:,}" if at_least < 10**15 else f"2**{at_least.bit_length() - 1}"
            found += f" of {number} or more"
        fits = _count_that_fits(counts, share, most, min_count)
        cure = _cure(fits, self._n_transactions, "about {} by the counts so far" + self._sure(late))
        min_support = min_count / self._n_transactions
        return BudgetError(f"{reached}; {found} at min_support {min_support:.4g} and was not done. {cure}")

    def _sure(self, late: bool) -> str:
        """Return the support at which the itemsets fit for certain, in words; nothing where there is none."""
        for n_items, count in enumerate(np.sort(self._item_counts)[::-1].tolist(), start=1):
            if _n_subsets(n_items, self._max_len) > self.max_itemsets:
                support = _support(count + 1, self._n_transactions)
                return "" if late or support > 1 else f" ({support} is surely enough)"
        return ""


def _n_subsets(n_items: int, max_len: int | None) -> int:
    """Return the number of itemsets of some items, at most: all that are not empty."""
    lengths = range(1, min(n_items, max_len or n_items) + 1)
    return sum(comb(n_items, length) for length in lengths)


def too_many_known(max_itemsets: int, counts: IntArray, min_count: int, n_transactions: int) -> BudgetError:
    """Return the error for itemsets that were mined before and are more than allowed.

    Parameters
    ----------
    max_itemsets : int
        How many are allowed.
    counts : ndarray
        The counts of all of them.
    min_count, n_transactions : int
        The minimum count that they were asked for with, and what it is a count of.
    """
    cure = _cure(_count_that_fits(counts, 1.0, max_itemsets, min_count), n_transactions, "{}")
    return BudgetError(
        f"max_itemsets is {max_itemsets:,}; there are {len(counts):,} at min_support "
        f"{min_count / n_transactions:.4g}, by what was mined before. {cure}"
    )


def _cure(fits: int, n_transactions: int, support: str) -> str:
    """Return what to do: to raise min_support to that of a count that fits, if there is one, or else."""
    if fits > n_transactions:
        return "Lower max_len or raise the budget."
    support = support.format(_support(fits, n_transactions))
    return f"Raise min_support, to {support}, or lower max_len or raise the budget."


def _support(count: int, n_transactions: int) -> float:
    """Return the shortest support whose minimum count is `count`."""
    return shortest_between((count - 1) / n_transactions, count / n_transactions)


def _count_that_fits(counts: IntArray, share: float, most: int, min_count: int) -> int:
    """Return the smallest minimum count above `min_count` that leaves at most `most` itemsets to expect.

    The found are taken for a share of all: of those with a count of c or more there are, to expect, as many
    as were found, divided by the share.
    """
    descending = np.sort(counts)[::-1]
    n_fitting = int(most * share)
    if n_fitting >= len(descending):
        return min_count + 1
    return max(min_count, int(descending[n_fitting])) + 1


def _in_words(value: int | str | None, n_bytes: int) -> str:
    return f"{value} ({_size(n_bytes)})" if isinstance(value, str) and value.endswith("%") else _size(n_bytes)


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"
