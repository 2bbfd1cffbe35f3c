"""Quest: synthetic transactions with planted itemsets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.datasets.dataset import Dataset
from recsys.errors import ParameterError
from recsys.parameters import require_at_least, require_integer, require_number, require_text

IntArray = npt.NDArray[np.int64]

RATING = 5.0  # the highest: every rule of what is a like keeps it
PATTERNS_AT_ONCE = 2**16  # drawn and corrupted together; some 20 bytes an item


class _Patterns(NamedTuple):
    """Itemsets that transactions are composed of."""

    items: IntArray  # of all patterns, end to end
    offsets: IntArray  # shape (n_patterns + 1,): where each starts
    weights: npt.NDArray[np.float64]  # shape (n_patterns,): cumulative, not normalised
    corruption: npt.NDArray[np.float64]  # shape (n_patterns,): level of each, in [0, 1)


@dataclass(frozen=True)
class Quest(Dataset):
    """Transactions of IBM's Quest generator; each is a user whose items are all rated 5.

    The generator of section 2.4.3 of Agrawal and Srikant, "Fast Algorithms for Mining Association Rules",
    VLDB 1994, with its defaults. Where the paper leaves it open: lengths are 1 + Poisson(mean - 1), never 0;
    levels are drawn again until they are in [0, 1); the first pattern of a transaction always goes in.

    Parameters
    ----------
    n_transactions : int
        |D|. No transaction is empty.
    mean_length : float
        |T|: mean length that transactions are filled to, at least 1. They are somewhat shorter, because an
        item of two patterns counts once.
    n_items : int
        N. Items that are in no pattern do not occur.
    n_patterns : int
        |L|: number of patterns, the itemsets that transactions are composed of.
    mean_pattern_length : float
        |I|: mean number of items of a pattern, at least 1.
    correlation : float
        Mean share of its items that a pattern takes from the previous one, at least 0.
    corruption, corruption_variance : float
        Mean and variance of the patterns' corruption levels, in [0, 1). An item of a pattern is dropped, and
        then another one, as long as a random number in [0, 1) is below the level.
    seed : int
    name : str, optional
        Name of the dataset; by default as in the paper: T10I4D100K for |T| = 10, |I| = 4 and |D| = 100,000.
    """

    n_transactions: int = 100_000
    mean_length: float = 10
    n_items: int = 1_000
    n_patterns: int = 2_000
    mean_pattern_length: float = 4
    correlation: float = 0.5
    corruption: float = 0.5
    corruption_variance: float = 0.1
    seed: int = 42
    name: str | None = None

    def __post_init__(self) -> None:
        for parameter in ("n_transactions", "n_items", "n_patterns"):
            require_integer(parameter, getattr(self, parameter), minimum=1)
        require_integer("seed", self.seed, minimum=0)
        for parameter in ("mean_length", "mean_pattern_length"):
            require_at_least(parameter, getattr(self, parameter), 1)
        for parameter in ("correlation", "corruption_variance"):
            require_at_least(parameter, getattr(self, parameter), 0)
        if not 0 <= require_number("corruption", self.corruption) < 1:
            raise ParameterError("corruption", "a number in [0, 1)", self.corruption)
        require_text("name", self.name)
        n = self.n_transactions
        size = f"{n // 1000}K" if n % 1000 == 0 else str(n)
        name = f"T{self.mean_length:g}I{self.mean_pattern_length:g}D{size}"
        object.__setattr__(self, "name", self.name or name)

    def load(self) -> Interactions:
        """Generate the transactions: users and items are numbered from 0."""
        random = np.random.default_rng(self.seed)
        patterns = self._patterns(random)
        lengths = 1 + random.poisson(self.mean_length - 1, self.n_transactions)
        pairs = _transactions(patterns, lengths.tolist(), random)
        key = np.concatenate([transaction * self.n_items + item for transaction, item in pairs])
        key.sort()
        key = key[np.append(True, key[1:] != key[:-1])]
        transaction, item = np.divmod(key, self.n_items)
        return Interactions(transaction, item, np.full(len(key), RATING), name=self.name or "")

    def _patterns(self, random: np.random.Generator) -> _Patterns:
        lengths = 1 + random.poisson(self.mean_pattern_length - 1, self.n_patterns)
        lengths = np.minimum(lengths, self.n_items)
        from_previous = np.minimum(random.exponential(self.correlation, self.n_patterns), 1)
        itemsets: list[IntArray] = []
        previous = np.empty(0, dtype=np.int64)
        for length, share in zip(lengths.tolist(), from_previous.tolist(), strict=True):
            n_old = min(round(share * length), len(previous))
            old = random.choice(previous, n_old, replace=False)
            new = random.choice(self.n_items, length, replace=False)
            previous = np.concatenate([old, new[~np.isin(new, old)]])[:length]
            itemsets.append(previous)
        weights = np.cumsum(random.exponential(size=self.n_patterns))
        levels = np.full(self.n_patterns, -1.0)
        while len(outside := np.flatnonzero((levels < 0) | (levels >= 1))):
            levels[outside] = random.normal(self.corruption, self.corruption_variance**0.5, len(outside))
        return _Patterns(
            np.concatenate(itemsets),
            np.concatenate([[0], np.cumsum(lengths)]),
            weights,
            levels,
        )


def _transactions(
    patterns: _Patterns, lengths: list[int], random: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield transactions and items of (possibly repeated) pairs, in portions."""
    current, filled = 0, 0
    while current < len(lengths):
        drawn = random.random(PATTERNS_AT_ONCE) * patterns.weights[-1]
        pattern = np.searchsorted(patterns.weights, drawn, side="right")
        size = np.diff(patterns.offsets)[pattern]
        # The number of random numbers below the level before the first that is not.
        dropped = random.geometric(1 - patterns.corruption[pattern]) - 1
        left = np.maximum(size - dropped, 0)
        pattern, size, left = pattern[left > 0], size[left > 0], left[left > 0]
        goes_in_anyway = random.random(len(left)) < 0.5
        transaction, current, filled = _assign(
            lengths, current, filled, left.tolist(), goes_in_anyway.tolist()
        )

        # Which items are left: those with the smallest random numbers.
        instance = np.repeat(np.arange(len(size)), size)
        start = np.cumsum(size) - size
        position = np.arange(len(instance)) - start[instance]
        order = np.argsort(instance + random.random(len(instance)))
        kept = order[position < left[instance]]
        kept = kept[instance[kept] < len(transaction)]
        item = patterns.items[patterns.offsets[pattern[instance[kept]]] + position[kept]]
        yield np.asarray(transaction)[instance[kept]], item


def _assign(
    lengths: list[int], transaction: int, filled: int, sizes: list[int], goes_in_anyway: list[bool]
) -> tuple[list[int], int, int]:
    """Return the transactions of the next patterns, until all are full; and the current one and its length.

    A pattern that does not fit goes in anyway or into the next transaction.
    """
    assigned: list[int] = []
    for size, anyway in zip(sizes, goes_in_anyway, strict=True):
        if filled and filled + size > lengths[transaction] and not anyway:
            transaction, filled = transaction + 1, 0
        if transaction < len(lengths):
            assigned.append(transaction)
            filled += size
            if filled >= lengths[transaction]:
                transaction, filled = transaction + 1, 0
        if transaction == len(lengths):
            break
    return assigned, transaction, filled
