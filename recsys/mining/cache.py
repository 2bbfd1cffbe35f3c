"""Cache of frequent itemsets: those mined at the lowest support answer every higher one."""

import contextlib
import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

import numpy as np
from platformdirs import user_cache_path

from optuna_sweeper.atomic_write import atomic_open
from recsys.data.transactions import TransactionSet
from recsys.mining import support
from recsys.mining.budget import Budget, too_many_known
from recsys.mining.engine import Engine
from recsys.mining.filtering import filter_itemsets
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer

log = logging.getLogger(__name__)

VERSION = 1  # changes with the form of the files or the result of mining; other files are not used
LARGEST = 1 / 2  # share of `max_bytes` that a single file may take
BYTES_PER_ITEMSET = 12
ANY_LENGTH = "all"

# The itemsets mined or read last by this process: the trials of a sweep have the same transactions.
_MEMORY: dict[str, FrequentItemsets] = {}
# What filtered itemsets were filtered from.
_SUPERSETS: WeakKeyDictionary[FrequentItemsets, ref[FrequentItemsets]] = WeakKeyDictionary()


class _Entry(NamedTuple):
    """A file of the cache, as its name describes it."""

    path: Path
    min_count: int
    max_len: int | None


@dataclass(frozen=True)
class ItemsetCache:
    """Frequent itemsets mined before, in memory and in files.

    The key is the digest of the transactions and the engine without its number of threads. The itemsets of
    the lowest support and the largest length answer every other request by `filter_itemsets`, exactly as
    mining would. Processes may share the folder: files are written atomically, and deleted ones are mined
    again.

    Parameters
    ----------
    enabled : bool
        Whether the cache is used.
    folder : str, optional
        Folder of the files; None: `itemsets` in the user's cache folder of recsys.
    max_bytes : int
        Maximum total size; the least recently used files are removed first. 0: no files.

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
        """Return all frequent itemsets, and where they came from: "mined", "memory" or "file".

        The parameters are those of `recsys.mining.mine`, already checked. Raises BudgetError if mining would
        exceed the budget, or there are more itemsets than it allows.
        """
        if not self.enabled:
            return engine.mine(transactions, min_support, max_len, budget), "mined"
        # The dtype: the digest of items 1 and 1.0 is the same.
        question = f"{VERSION} {transactions.digest} {transactions.items.dtype} {engine!r}"
        key = hashlib.sha256(question.encode()).hexdigest()[:32]
        min_count = support.min_count(min_support, transactions.n_transactions)
        kept, source = _MEMORY.get(key), "memory"
        if kept is None or not answers(kept, min_count, max_len):
            kept, source = self._read(key, min_count, max_len, transactions), "file"
        if kept is None:
            kept, source = engine.mine(transactions, min_support, max_len, budget), "mined"
            self._write(key, kept)
        _MEMORY.clear()
        _MEMORY[key] = kept
        if source == "mined":
            return kept, source
        itemsets = filter_itemsets(kept, min_support, max_len)
        most = None if budget is None else budget.max_itemsets
        if most is not None and len(itemsets) > most:  # as if they were mined
            raise too_many_known(most, itemsets.counts, min_count, itemsets.n_transactions)
        _SUPERSETS[itemsets] = ref(kept)
        return itemsets, source

    @property
    def path(self) -> Path:
        """Folder of the files."""
        return Path(self.folder) if self.folder else user_cache_path("recsys", appauthor=False) / "itemsets"

    def _entries(self, key: str) -> list[_Entry]:
        """Return the files with this key, the smallest first."""
        found = []
        for path in self.path.glob(f"{key}-*.npz"):
            with contextlib.suppress(ValueError, FileNotFoundError):  # a foreign file; deleted meanwhile
                _, count, length = path.stem.split("-")
                max_len = None if length == ANY_LENGTH else int(length)
                found.append((path.stat().st_size, _Entry(path, int(count), max_len)))
        return [entry for _, entry in sorted(found)]

    def _read(
        self, key: str, min_count: int, max_len: int | None, transactions: TransactionSet
    ) -> FrequentItemsets | None:
        """Return the itemsets of a file that answers, and mark it as used; None if there is none."""
        for entry in self._entries(key):
            if not answers(entry, min_count, max_len):
                continue
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
                continue
            except Exception as error:  # NumPy and zipfile raise many types for damaged bytes
                log.warning("%s cannot be read and is mined again: %s", entry.path, error)
                continue
            with contextlib.suppress(OSError):  # deleted meanwhile, or in a read-only folder
                os.utime(entry.path)
            return itemsets
        return None

    def _write(self, key: str, itemsets: FrequentItemsets) -> None:
        """Write a file; log a warning if it cannot be written."""
        if BYTES_PER_ITEMSET * len(itemsets) > LARGEST * self.max_bytes:
            return
        length = ANY_LENGTH if itemsets.max_len is None else itemsets.max_len
        path = self.path / f"{key}-{itemsets.min_count}-{length}.npz"
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
            for entry in self._entries(key):
                if entry.path != path and answers(itemsets, entry.min_count, entry.max_len):
                    entry.path.unlink(missing_ok=True)
            self._make_room()
        except OSError as error:
            log.warning(
                "Itemsets cannot be kept in %s: %s. cache.enabled=false ends trying.",
                self.path, error.strerror or error,
            )  # fmt: skip

    def _make_room(self) -> None:
        """Delete files, the least recently used first, until the others fit."""
        files = []
        for path in self.path.glob("*.npz"):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


def superset_of(itemsets: FrequentItemsets) -> FrequentItemsets:
    """Return the itemsets in memory that some itemsets were filtered from, or these themselves."""
    known = _SUPERSETS.get(itemsets)
    superset = None if known is None else known()
    return itemsets if superset is None else superset


def answers(known: _Entry | FrequentItemsets, min_count: int, max_len: int | None) -> bool:
    """Return whether known itemsets include those of a count and a length."""
    is_long = known.max_len is None or (max_len is not None and max_len <= known.max_len)
    return is_long and known.min_count <= min_count


def _smallest(values: IntArray) -> IntArray:
    """Return the values as int32 if they fit, which halves the file."""
    return values.astype(np.int32) if values.max(initial=0) < 2**31 else values
