"""Budgets of mining, and errors that name what would fit."""

import re
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from recsys.errors import BudgetError, ParameterError
from recsys.mining.support import min_count, shortest_between
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer, require_positive

MOST_ITEMSETS = 2**31 - 1  # kernels number them with 32 bits

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%|(?P<prefix>[KMGT])(?P<binary>I)?B|B?)\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of mining. Mining that would exceed one raises BudgetError; results are never truncated.

    Parameters
    ----------
    max_itemsets : int, optional
        Maximum number of frequent itemsets; None: 2**31 - 1, the most that any result holds.
    max_seconds : float, optional
        Time limit in seconds of the wall clock.
    max_memory : int or str, optional
        Memory limit on top of the transactions: bytes, a size such as "500 MB", "2 GB" or "1.5 GiB", or a
        percentage of the memory available when mining starts, such as "50%". Memory is estimated before it
        is allocated, from the sizes of the arrays.

    Raises
    ------
    ParameterError
        If a value is not positive, or the memory has an unknown unit.
    """

    max_itemsets: int | None = None
    max_seconds: float | None = None
    max_memory: int | str | None = None

    def __post_init__(self) -> None:
        if self.max_itemsets is not None:
            require_integer("max_itemsets", self.max_itemsets, minimum=1)
        if self.max_seconds is not None:
            require_positive("max_seconds", self.max_seconds)
        if self.max_memory is not None:
            _parse_memory(self.max_memory)

    def memory_bytes(self) -> int | None:
        """Return `max_memory` in bytes; a percentage refers to the memory available now."""
        if self.max_memory is None:
            return None
        size, is_percentage = _parse_memory(self.max_memory)
        return int(available_memory() * size / 100) if is_percentage else max(1, int(size))


def _parse_memory(value: int | str) -> tuple[float, bool]:
    """Return a number, and whether it is a percentage or bytes."""
    if type(value) is int and value > 0:
        return value, False
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    number = float(match[1]) if match else 0.0
    is_percentage = match is not None and match[2] == "%"
    if match is None or number == 0 or (is_percentage and number > 100):
        rule = "a positive number of bytes, a size such as '2 GB', or a share such as '50%'"
        raise ParameterError("max_memory", rule, value)
    power = "_KMGT".index((match["prefix"] or "_").upper())
    return number * (1024 if match["binary"] else 1000) ** power, is_percentage


def available_memory() -> int:
    """Return the available bytes of the machine, or of its container (control group)."""
    import psutil  # imported here: settings are read without it

    available = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")  # psutil does not know its limits
    if (group / "memory.max").is_file():
        most = (group / "memory.max").read_text().strip()
        if most != "max":
            available = min(available, max(0, int(most) - int((group / "memory.current").read_text())))
    return available


# The default of mining, so that it cannot exhaust the machine.
DEFAULT_BUDGET = Budget(max_memory="50%")


def require_budget(budget: Budget | None) -> None:
    """Raise ParameterError unless a budget is one, or None."""
    if budget is not None and not isinstance(budget, Budget):
        cure = "For example recsys.mining.Budget(max_memory='2 GB')."
        raise ParameterError("budget", "a Budget, or None", type(budget), cure)


class Meter:
    """Memory and seconds of work, against a budget; None is `DEFAULT_BUDGET`."""

    def __init__(self, budget: Budget | None) -> None:
        from recsys.kernel import clock  # imported here: it loads Numba, which settings are read without

        self.budget = DEFAULT_BUDGET if budget is None else budget
        self.memory = self.budget.memory_bytes()
        self._clock, self._started = clock, clock()

    @property
    def seconds(self) -> float:
        """Seconds since the start, without those in which Numba compiles."""
        return self._clock() - self._started

    @property
    def seconds_left(self) -> float | None:
        """Seconds until `max_seconds`, negative after it; None without a limit."""
        return None if self.budget.max_seconds is None else self.budget.max_seconds - self.seconds

    @property
    def is_late(self) -> bool:
        """Whether `max_seconds` is exceeded."""
        return self.seconds_left is not None and self.seconds_left < 0


class MiningMeter(Meter):
    """Memory, time and number of itemsets of a search, against a budget; an itemset takes some bytes."""

    def __init__(
        self,
        budget: Budget | None,
        n_transactions: int,
        min_support: float,
        max_len: int | None,
        bytes_per_itemset: int,
    ) -> None:
        super().__init__(budget)
        self.min_count = min_count(min_support, n_transactions)
        self._n_transactions, self._max_len = n_transactions, max_len
        self.bytes_per_itemset, self._fixed_bytes = bytes_per_itemset, 0
        self._item_counts: IntArray = np.empty(0, dtype=np.int64)

    def set_items(self, counts: IntArray) -> None:
        """Keep the counts of the frequent items, which bound the number of all itemsets."""
        self._item_counts = counts

    @property
    def max_itemsets(self) -> int:
        """Maximum number of itemsets by both `max_itemsets` and `max_memory`."""
        most = min(self.budget.max_itemsets or MOST_ITEMSETS, MOST_ITEMSETS)
        if self.memory is None:
            return most
        return min(most, max(0, self.memory - self._fixed_bytes) // self.bytes_per_itemset)

    def take(self, n_bytes: int) -> None:
        """Count memory to be allocated, besides that of the itemsets; raise BudgetError if too much."""
        self._fixed_bytes += n_bytes
        if self.memory is not None and self._fixed_bytes > self.memory:
            needed = _size(self._fixed_bytes)
            cure = f"Raise max_memory above {needed}"
            if (self._item_counts < self._n_transactions).any():
                cure += ", or min_support"
            raise BudgetError(
                f"max_memory is {self._memory_text()}; mining needs {needed} before it has found anything. "
                f"{cure}."
            )

    def exceeded(
        self, counts: IntArray, share: float, *, late: bool = False, at_least: int | None = None
    ) -> BudgetError:
        """Return the error that says which limit was reached, and what would fit.

        `counts` are those of the itemsets found by a share of the search, in (0, 1]. `late`: the limit is
        `max_seconds`. `at_least` is a lower bound of the number of itemsets, if known.
        """
        most, key = max(1, len(counts)) if late else self.max_itemsets, "max_memory"
        if late:
            reached, key = f"max_seconds is {self.budget.max_seconds:g}", "max_seconds"
        elif most == self.budget.max_itemsets:
            reached, key = f"max_itemsets is {most:,}", "max_itemsets"
        elif most == MOST_ITEMSETS:
            reached, key = f"A result holds at most 2**31 - 1 = {most:,} itemsets", ""
        else:
            reached = f"max_memory is {self._memory_text()}, room for {most:,} itemsets"
        found = f"after {self.seconds:.2g} s mining had found {len(counts):,}"
        if at_least is not None:
            number = f"{at_least:,}" if at_least < 10**15 else f"2**{at_least.bit_length() - 1}"
            found += f" of {number} or more"
            share = min(share, len(counts) / at_least)
        fits = _count_that_fits(counts, share, most, self.min_count)
        length = 0 if late else self._length_that_fits(len(self._item_counts))
        cure = _cure(
            fits, self._n_transactions, "about {} by the counts so far" + self._sure(late), length, key
        )
        min_support = self.min_count / self._n_transactions
        return BudgetError(f"{reached}; {found} at min_support {min_support:.4g} and was not done. {cure}")

    def _length_that_fits(self, n_items: int) -> int:
        """Return the greatest length up to which the itemsets of so many items certainly fit."""
        total = 0
        for length in range(1, min(n_items, self._max_len or n_items) + 1):
            total += comb(n_items, length)
            if total > self.max_itemsets:
                return length - 1
        return min(n_items, self._max_len or n_items)

    def _sure(self, late: bool) -> str:
        """Return the support at which the itemsets certainly fit, in words; nothing if there is none."""
        for n_items, count in enumerate(np.sort(self._item_counts)[::-1].tolist(), start=1):
            if self._length_that_fits(n_items) < min(n_items, self._max_len or n_items):
                support = _support(count + 1, self._n_transactions)
                return "" if late or support > 1 else f" ({support} is surely enough)"
        return ""

    def _memory_text(self) -> str:
        size, value = _size(self.memory or 0), self.budget.max_memory
        return f"{value} ({size})" if isinstance(value, str) and value.endswith("%") else size


def too_many_known(max_itemsets: int, counts: IntArray, min_count: int, n_transactions: int) -> BudgetError:
    """Return the error for cached itemsets, with these counts, that are more than allowed."""
    fits = _count_that_fits(counts, 1.0, max_itemsets, min_count)
    cure = _cure(fits, n_transactions, "{}", 0, f"max_itemsets to {len(counts)}")
    return BudgetError(
        f"max_itemsets is {max_itemsets:,}; there are {len(counts):,} at min_support "
        f"{min_count / n_transactions:.4g}, by what was mined before. {cure}"
    )


def _cure(fits: int, n_transactions: int, support: str, length: int, key: str) -> str:
    """Return the cure: the support of a count that fits, put into a text, a length, or the limit's key."""
    cures = []
    if fits <= n_transactions:
        cures.append(f"raise min_support, to {support.format(_support(fits, n_transactions))}")
    if length:
        cures.append(f"set max_len={length}")
    if key:
        cures.append(f"raise {key}")
    cure = ", or ".join(cures)
    return f"{cure[0].upper()}{cure[1:]}."


def _support(count: int, n_transactions: int) -> float:
    """Return the shortest support whose minimum count is `count`."""
    return shortest_between((count - 1) / n_transactions, count / n_transactions)


def _count_that_fits(counts: IntArray, share: float, most: int, min_count: int) -> int:
    """Return the smallest count above `min_count` with at most `most` itemsets, by a share of them."""
    descending = np.sort(counts)[::-1]
    n_fitting = int(most * share)
    if n_fitting >= len(descending):
        return min_count + 1
    return max(min_count, int(descending[n_fitting])) + 1


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"
