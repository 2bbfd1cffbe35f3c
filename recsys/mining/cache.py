"""Mine once: what was mined at the lowest support answers every higher one."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from optuna_sweeper.atomic_write import atomic_open
from recsys.data.transactions import TransactionSet
from recsys.folders import cache_folder
from recsys.mining import support
from recsys.mining.budget import Budget, too_many_known
from recsys.mining.engine import Engine
from recsys.mining.filtering import filter_itemsets
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer

log = logging.getLogger(__name__)

# With another number the files of before are not known: for a change of the files, or of what is mined.
VERSION = 1

# A single answer may take this share of the room.
LARGEST = 1 / 2

ANY_LENGTH = "all"
MINED, MEMORY, FILE = "mined", "memory", "file"


class _Entry(NamedTuple):
    """A file of the cache, by what its name says."""

    path: Path
    min_count: int
    max_len: int | None

    def answers(self, min_count: int, max_len: int | None) -> bool:
        """Whether it holds what is asked for."""
        return self.min_count <= min_count and _reaches(self.max_len, max_len)


@dataclass(frozen=True)
class ItemsetCache:
    """Frequent itemsets that were mined before, in memory and in files.

    Itemsets are stored under the digest of their transactions and the engine; the number of threads does not
    matter. The stored itemsets of the lowest support and the largest length answer every other request by
    `filter_itemsets`, exactly as mining would.

    Processes may share the folder: files are written atomically, and what another process deletes is mined
    again.

    Parameters
    ----------
    enabled : bool
        Whether anything is kept or looked for.
    folder : str, optional
        Where the files are; `~/.cache/recsys/itemsets` (or under `$XDG_CACHE_HOME`) unless given.
    max_bytes : int
        Size of all files together; those not used for the longest time go first. 0 keeps none.

    Raises
    ------
    ParameterError
        If `max_bytes` is not an integer of at least 0.
    """

    enabled: bool = True
    folder: str | None = None
    max_bytes: int = 1_000_000_000

    def __post_init__(self) -> None:
        require_integer("max_bytes", self.max_bytes, minimum=0)

    def get_or_mine(
        self,
        transactions: TransactionSet,
        min_support: float,
        max_len: int | None,
        engine: Engine,
        budget: Budget | None = None,
    ) -> tuple[FrequentItemsets, str]:
        """Return all frequent itemsets, and where they came from.

        Parameters
        ----------
        transactions, min_support, max_len, engine, budget
            As for `recsys.mining.mine`, which checks them; here they are used as they are.

        Returns
        -------
        itemsets : FrequentItemsets
            The same as without a cache.
        source : {"mined", "memory", "file"}

        Raises
        ------
        BudgetError
            If mining would take more than the budget, or there are more itemsets than it allows.
        """
        if not self.enabled:
            return engine.mine(transactions, min_support, max_len, budget), MINED
        # The digest does not tell items 1 and 1.0 apart, whose ids are in the answer.
        question = f"{VERSION} {transactions.digest} {transactions.items.dtype} {engine!r}"
        key = hashlib.sha256(question.encode()).hexdigest()[:32]
        min_count = support.min_count(min_support, transactions.n_transactions)

        kept = _MEMORY.get(key)
        if kept is not None and kept.min_count <= min_count and _reaches(kept.max_len, max_len):
            return _within(budget, filter_itemsets(kept, min_support, max_len)), MEMORY
        for entry in self._entries(key):
            if entry.answers(min_count, max_len):
                kept = _read(entry, transactions)
                if kept is not None:
                    _remember(key, kept)
                    return _within(budget, filter_itemsets(kept, min_support, max_len)), FILE
        mined = engine.mine(transactions, min_support, max_len, budget)
        _remember(key, mined)
        self._write(key, min_count, mined)
        return mined, MINED

    @property
    def path(self) -> Path:
        """The folder of the files."""
        return Path(self.folder) if self.folder else cache_folder() / "itemsets"

    def _entries(self, key: str) -> list[_Entry]:
        """Return the files with itemsets of these transactions and this engine, the smallest first."""
        found = []
        for path in self.path.glob(f"{key}-*.npz"):
            with contextlib.suppress(ValueError, FileNotFoundError):  # not one of ours; taken away meanwhile
                _, count, length = path.stem.split("-")
                max_len = None if length == ANY_LENGTH else int(length)
                found.append((path.stat().st_size, _Entry(path, int(count), max_len)))
        return [entry for _, entry in sorted(found)]

    def _write(self, key: str, min_count: int, itemsets: FrequentItemsets) -> None:
        """Keep an answer; that it cannot be kept is told, and no reason for a run to fail."""
        if _n_bytes(itemsets) > LARGEST * self.max_bytes:
            return
        length = ANY_LENGTH if itemsets.max_len is None else itemsets.max_len
        path = self.path / f"{key}-{min_count}-{length}.npz"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with atomic_open(path, permissions=0o600) as file:
                np.savez(
                    file,
                    parents=_smallest(itemsets.parents),
                    last_items=itemsets.last_items,
                    counts=_smallest(itemsets.counts),
                    offsets=itemsets.offsets,
                    min_support=np.float64(itemsets.min_support),
                )
            new = _Entry(path, min_count, itemsets.max_len)
            for entry in self._entries(key):
                if entry.path != path and new.answers(entry.min_count, entry.max_len):
                    entry.path.unlink(missing_ok=True)  # the new one answers all that it did
            self._make_room()
        except OSError as error:
            log.warning(
                "Itemsets cannot be kept in %s: %s. cache.enabled=false ends trying.",
                self.path, error.strerror or error,
            )  # fmt: skip

    def _make_room(self) -> None:
        """Delete files, those not used for the longest time first, until the rest fits."""
        files = []
        for path in self.path.glob("*.npz"):
            with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


# What was mined or read last, in this process: the trials of a sweep ask for the same transactions.
_MEMORY: dict[str, FrequentItemsets] = {}


def _remember(key: str, itemsets: FrequentItemsets) -> None:
    _MEMORY.clear()
    _MEMORY[key] = itemsets


def _within(budget: Budget | None, itemsets: FrequentItemsets) -> FrequentItemsets:
    """Return the itemsets, if mining them would have been within the budget: known ones are refused alike."""
    if budget is not None and budget.max_itemsets is not None and len(itemsets) > budget.max_itemsets:
        raise too_many_known(
            budget.max_itemsets, itemsets.counts, itemsets.min_count, itemsets.n_transactions
        )
    return itemsets


def _reaches(longest: int | None, asked: int | None) -> bool:
    return longest is None or (asked is not None and asked <= longest)


def _read(entry: _Entry, transactions: TransactionSet) -> FrequentItemsets | None:
    """Return the itemsets of a file, which is marked as used; None if it is gone or cannot be read."""
    try:
        with entry.path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            itemsets = FrequentItemsets(
                parents=arrays["parents"].astype(np.int64),
                last_items=arrays["last_items"],
                counts=arrays["counts"].astype(np.int64),
                offsets=arrays["offsets"],
                items=transactions.items,
                n_transactions=transactions.n_transactions,
                min_support=float(arrays["min_support"]),
                max_len=entry.max_len,
            )
    except FileNotFoundError:
        return None
    except Exception as error:  # what damaged bytes raise in NumPy and zipfile is no closed list
        log.warning("%s cannot be read and is mined again: %s", entry.path, error)
        return None
    with contextlib.suppress(OSError):  # taken away meanwhile, or in a folder that may only be read
        os.utime(entry.path)
    return itemsets


def _smallest(values: IntArray) -> IntArray:
    """Return the values as int32 where they fit, which halves the file."""
    return values.astype(np.int32) if values.max(initial=0) < 2**31 else values


def _n_bytes(itemsets: FrequentItemsets) -> int:
    return 12 * len(itemsets)
