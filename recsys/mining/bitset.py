"""The default engine: occurrence delivery for pairs, depth-first search over bit sets for longer itemsets."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import pairwise
from math import comb
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from recsys.data.transactions import Transactions
from recsys.errors import BudgetError
from recsys.mining.budget import Budget, MiningMeter
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray
from recsys.parameters import require_integer

if TYPE_CHECKING:
    from recsys.mining._bitset_kernel import Database, Pairs, Workspace

# 12 bytes when found, as much again when the array that holds it grows, 20 in the result.
BYTES_PER_ITEMSET = 44
TASKS_PER_THREAD = 6
TOO_MANY, LATE, FAILED = 1, 2, 3  # reasons to stop a search


@dataclass(frozen=True)
class BitsetEngine:
    """Mine with compiled bit sets, on several threads.

    Pairs are counted by occurrence delivery, as in LCM (Uno, Kiyomi and Arimura, FIMI 2004). For longer
    itemsets, the frequent partners of each item become bit sets over its transactions, and a depth-first
    search combines them by AND and popcount, as in Eclat (Zaki, TKDE 2000). It visits items in reverse order:
    so nothing needs sorting, all but one subset of a candidate are known to be frequent before it is counted,
    and the supersets of a perfect extension can be copied.

    The first use compiles for some seconds; the machine code is cached on disk where possible.

    Parameters
    ----------
    n_threads : int, optional
        Number of threads; None: the processors that this process may use. It does not affect the result.

    Raises
    ------
    ParameterError
        If `n_threads` is not a positive integer.
    """

    name: ClassVar[str] = "bitset"

    n_threads: int | None = field(default=None, repr=False)  # not part of the key of a cache

    def __post_init__(self) -> None:
        if self.n_threads is not None:
            require_integer("n_threads", self.n_threads, minimum=1)

    def in_folder(self, folder: Path) -> BitsetEngine:
        """Return the engine itself: it writes nothing."""
        return self

    def mine(
        self,
        transactions: Transactions,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets; see `recsys.mining.mine`."""
        # Imported here: Numba takes a second, and reading or ranking itemsets does not need it.
        from recsys.mining._bitset_kernel import item_counts

        meter = MiningMeter(budget, transactions.n_transactions, min_support, max_len, BYTES_PER_ITEMSET)
        counts = item_counts(transactions.matrix.indices, transactions.n_items)
        columns = np.flatnonzero(counts >= meter.min_count).astype(np.int32)
        counts = counts[columns]
        meter.set_items(counts)
        search = None
        sizes = np.asarray([len(columns)])
        if len(columns) > meter.max_itemsets:
            raise meter.exceeded(counts, 1.0)
        if max_len != 1 and len(columns) > 1:
            n_threads = self.n_threads or available_processors()
            search = _Search(transactions, columns, counts, max_len, meter, n_threads)
            sizes = np.concatenate((sizes, search.run()))

        offsets = np.concatenate(([0], np.cumsum(sizes[sizes > 0])))
        parents = np.empty(offsets[-1], dtype=np.int64)
        last_items = np.empty(offsets[-1], dtype=np.int32)
        all_counts = np.empty(offsets[-1], dtype=np.int64)
        parents[: len(columns)] = -1
        last_items[: len(columns)] = columns
        all_counts[: len(columns)] = counts
        if search is not None:
            search.put_in_order(offsets, parents, last_items, all_counts)
        return FrequentItemsets(
            parents=parents,
            last_items=last_items,
            counts=all_counts,
            offsets=offsets,
            items=transactions.items,
            n_transactions=transactions.n_transactions,
            min_support=min_support,
            max_len=max_len,
        )


class _Search:
    """The search for itemsets of two items and more.

    It consists of tasks, ranges of first items; their results, one after the other, are in order. `columns`
    and `counts`, shape (n_items,), are the frequent items, ascending: positions in the matrix, and counts.
    """

    def __init__(
        self,
        transactions: Transactions,
        columns: IntArray,
        counts: IntArray,
        max_len: int | None,
        meter: MiningMeter,
        n_threads: int,
    ) -> None:
        from recsys.mining import _bitset_kernel as kernel

        self._kernel = kernel
        self._columns, self._counts = columns, counts
        self._min_count = meter.min_count
        self._max_len = min(max_len or kernel.LONGEST, kernel.LONGEST)
        self._meter = meter
        self._n_threads = n_threads
        self._stopped = np.zeros(1, dtype=np.int64)
        n_entries = int(counts.sum())
        meter.take(20 * n_entries)  # the database: at most 4 + 8 + 8 bytes an occurrence
        dtype = np.uint16 if len(columns) < 2**16 else np.uint32
        numbers: IntArray = np.full(transactions.n_items, len(columns), dtype=dtype)
        numbers[columns] = np.arange(len(columns), dtype=dtype)
        matrix = transactions.matrix
        self._database: Database = kernel.by_item(matrix.indptr, matrix.indices, numbers, counts)
        self._pairs: Pairs | None = None
        # By task: the workspace with its results, and `ends` there before and after it.
        self._parts: dict[int, tuple[Workspace, IntArray, IntArray]] = {}

    def run(self) -> IntArray:
        """Find all itemsets; return their number by length, from 2 on."""
        pairs = self._find_pairs()
        if self._max_len == 2 or not len(pairs.items):
            return np.asarray([len(pairs.items)])
        self._find_longer(pairs)
        sizes = [ends[2:] - begins[2:] for _, begins, ends in self._parts.values()]
        return np.sum(sizes, axis=0)  # type: ignore[no-any-return]

    def _find_pairs(self) -> Pairs:
        kernel, database, meter = self._kernel, self._database, self._meter
        n_items = len(self._columns)
        sizes = np.zeros(n_items, dtype=np.int64)
        # The cost of a first item: the items after its occurrences, and a check of each later item.
        costs = database.n_after + np.arange(n_items, 0, -1)
        tasks = _ranges(costs, TASKS_PER_THREAD * self._n_threads)
        parts = [(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)) for _ in tasks]
        reached = np.asarray([first for first, _ in tasks])

        def count(number: int) -> None:
            items, counts, size = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), 0
            while reached[number] < tasks[number][1] and not self._stopped[0]:
                room = 2 * size + n_items + 1024
                items, counts = _resized(items, size, room), _resized(counts, size, room)
                first, stop = reached[number], tasks[number][1]
                reached[number], size = kernel.frequent_pairs(
                    database, first, stop, self._min_count, sizes, items, counts, size, self._stopped
                )
                parts[number] = items[:size], counts[:size]
                if n_items + sum(len(items) for items, _ in parts) > meter.max_itemsets:
                    self._stopped[0] = TOO_MANY

        self._share_out(count, len(tasks))
        counts = np.concatenate([counts for _, counts in parts])
        if self._stopped[0] or n_items + len(counts) > meter.max_itemsets:
            done = sum(costs[first:stop].sum() for (first, _), stop in zip(tasks, reached, strict=True))
            raise self._exceeded(counts, done / costs.sum())
        starts = np.concatenate(([0], np.cumsum(sizes)))
        self._pairs = kernel.Pairs(starts, np.concatenate([items for items, _ in parts]), counts)
        return self._pairs

    def _find_longer(self, pairs: Pairs) -> None:
        """Find the itemsets of three items and more, and the pairs again."""
        kernel, meter = self._kernel, self._meter
        n_partners = np.diff(pairs.starts)
        limit = meter.max_itemsets - len(self._columns)
        self._require_room_for_subsets(pairs, limit)
        # On each thread, the bit sets and the extensions of the first item with most of them.
        n_words = self._counts // 64 + 8 + n_partners // 64
        meter.take(self._n_threads * int(np.max(4 * n_partners * (8 * n_words + 148))))
        tasks = _ranges((n_partners + 1) ** 2, TASKS_PER_THREAD * self._n_threads)
        # One workspace per thread for all its tasks, so that its arrays need not grow again.
        n_workspaces = min(self._n_threads, len(tasks))
        idle = [(place, _workspace(kernel, len(self._columns))) for place in range(n_workspaces)]
        progress = np.zeros(n_workspaces, dtype=np.int64)
        reached = np.asarray([stop for _, stop in tasks])
        limits = self._min_count, self._max_len, limit

        def search(number: int) -> None:
            place, workspace = idle.pop()
            begins = workspace.ends.copy()
            first, stop = tasks[number]
            workspace.state[[kernel.FIRST, kernel.LEVEL]] = stop, -1
            status = kernel.LACKS_STACK
            while status in (kernel.LACKS_STACK, kernel.LACKS_FOUND):
                status = kernel.longer_itemsets(
                    self._database, pairs, workspace, first, *limits, place, progress, self._stopped
                )
                if status == kernel.LACKS_STACK:
                    workspace = _with_larger_stack(kernel, workspace)
                elif status == kernel.LACKS_FOUND:
                    workspace = _with_larger_rooms(workspace)
            reached[number] = workspace.state[kernel.FIRST]
            self._parts[number] = workspace, begins, workspace.ends.copy()
            idle.append((place, _with_room_for_a_task(workspace)))

        self._share_out(search, len(tasks))
        if self._stopped[0] or progress.sum() > limit:
            # With n partners a first item may take n times as long as its pairs.
            costs = n_partners.astype(np.float64) ** 2
            done = sum(costs[first:stop].sum() for first, (_, stop) in zip(reached, tasks, strict=True))
            found = [_counts_of(*part, 3) for part in self._parts.values()]
            raise self._exceeded(np.concatenate([pairs.counts, *found]), done / costs.sum())

    def _require_room_for_subsets(self, pairs: Pairs, limit: int) -> None:
        """Raise BudgetError if items that always occur together have more subsets than allowed."""
        firsts = np.repeat(np.arange(len(self._columns)), np.diff(pairs.starts))
        together = np.bincount(firsts[pairs.counts == self._counts[firsts]], minlength=1).max()
        sizes = range(1, min(int(together), self._max_len - 1) + 1)
        n_subsets = sum(comb(int(together), size) for size in sizes)
        if n_subsets > limit:
            raise self._exceeded(pairs.counts, 1.0, at_least=len(self._columns) + n_subsets)

    def _exceeded(self, counts: IntArray, share: float, at_least: int | None = None) -> BudgetError:
        counts = np.concatenate([self._counts, counts])
        late = bool(self._stopped[0] == LATE)
        return self._meter.exceeded(counts, share, late=late, at_least=at_least)

    def put_in_order(
        self, offsets: IntArray, parents: IntArray, last_items: IntArray, counts: IntArray
    ) -> None:
        """Write the results to the arrays of a FrequentItemsets."""
        pairs, n_singles = self._pairs, len(self._columns)
        if pairs is None or not len(pairs.items):
            return
        if not self._parts:
            parents[n_singles:] = np.repeat(np.arange(n_singles), np.diff(pairs.starts))
            last_items[n_singles:] = self._columns[pairs.items]
            counts[n_singles:] = pairs.counts
            return
        parts = [self._parts[number] for number in range(len(self._parts))]
        sizes = np.stack([ends - begins for _, begins, ends in parts])
        indices = np.cumsum(sizes, axis=0) - sizes
        indices[:, 2 : len(offsets)] += offsets[1:-1]

        def put(number: int) -> None:
            workspace, begins, ends = parts[number]
            arrays = parents, last_items, counts
            self._kernel.put_in_order(workspace, begins, ends, indices[number], self._columns, *arrays)

        self._share_out(put, len(parts))
        if self._stopped[0]:
            raise self._exceeded(counts[n_singles:], 1.0)

    def _share_out(self, work: Callable[[int], None], n_tasks: int) -> None:
        """Do the tasks on the threads; stop if the time is over, one fails or the user interrupts."""
        numbers = iter(range(n_tasks))

        def work_off() -> None:
            for number in numbers:
                if self._stopped[0]:
                    return
                work(number)

        n_threads = min(self._n_threads, n_tasks)
        with ThreadPoolExecutor(n_threads) as pool:
            futures = [pool.submit(work_off) for _ in range(n_threads)]
            try:
                seconds = self._meter.seconds_left
                wait(futures, None if seconds is None else max(seconds, 0), FIRST_EXCEPTION)
                if self._meter.is_late:
                    self._stopped[0] = self._stopped[0] or LATE
                elif any(future.done() and future.exception() for future in futures):
                    self._stopped[0] = FAILED
            except BaseException:
                # An interrupt reaches this waiting thread; the others check between two items.
                self._stopped[0] = FAILED
                raise
        for future in futures:
            future.result()


def available_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ranges(costs: IntArray, n_ranges: int) -> list[tuple[int, int]]:
    """Cut items into ranges of about the same cost."""
    ends = np.cumsum(costs)
    cuts = np.searchsorted(ends, ends[-1] * np.arange(1, n_ranges) / n_ranges) + 1
    bounds = np.unique(np.concatenate(([0], cuts, [len(costs)])))
    return [(int(first), int(stop)) for first, stop in pairwise(bounds)]


def _resized(array: npt.NDArray[Any], used: int, size: int) -> npt.NDArray[Any]:
    """Return a larger array that starts with the used part of this one."""
    longer = np.empty(size, dtype=array.dtype)
    longer[:used] = array[:used]
    return longer


def _aligned(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the words in an array that starts at a cache line, a multiple of 64 bytes."""
    array = np.empty(len(words) + 8, dtype=np.uint64)
    start = -array.ctypes.data % 64 // 8
    array[start : start + len(words)] = words
    return array[start : start + len(words)]


def _workspace(kernel: ModuleType, n_items: int) -> Workspace:
    """Return a workspace without room."""
    rows = kernel.LONGEST + 1
    state = np.zeros(7, dtype=np.int64)
    state[kernel.LENGTHS] = 2
    workspace: Workspace = kernel.Workspace(
        found=np.empty((3, 0), dtype=np.int32),
        rooms=np.zeros(rows + 1, dtype=np.int64),
        ends=np.zeros(rows, dtype=np.int64),
        needs=np.zeros(rows, dtype=np.int64),
        stack=np.empty((4, 0), dtype=np.int32),
        marks=np.zeros((0, rows), dtype=np.int32),
        masks=np.empty(0, dtype=np.uint64),
        words=np.empty(0, dtype=np.uint64),
        slots=np.zeros(n_items, dtype=np.int32),
        levels=np.zeros((rows, 4), dtype=np.int64),
        state=state,
    )
    return workspace


def _with_larger_stack(kernel: ModuleType, workspace: Workspace) -> Workspace:
    """Return the workspace with 1.5 times the room that it needs for extensions."""
    state, used = workspace.state, workspace.stack.shape[1]
    size = max(int(1.5 * state[kernel.N_STACK]), used)
    stack = np.empty((4, size), dtype=np.int32)
    stack[:, :used] = workspace.stack
    marks = np.zeros((size, kernel.LONGEST + 1), dtype=np.int32)
    marks[:used] = workspace.marks
    n_masks = max(size * int(state[kernel.N_MASKS]), len(workspace.masks))
    n_words = max((size + 1) * int(state[kernel.N_WORDS]), len(workspace.words))
    return workspace._replace(
        stack=stack,
        marks=marks,
        masks=_resized(workspace.masks, len(workspace.masks), n_masks),
        words=_aligned(_resized(workspace.words, len(workspace.words), n_words)),
    )


def _with_larger_rooms(workspace: Workspace) -> Workspace:
    """Return the workspace with twice the room for each length, and some for one length more.

    No more than that: unused memory in between costs time, too, where pages are large.
    """
    ends = workspace.ends
    needs = np.maximum(ends, workspace.needs)
    sizes = np.maximum(2 * needs, ends.sum() // 16 + 1024)
    sizes[np.flatnonzero(needs)[-1] + 2 :] = 0
    rooms = np.concatenate(([0], np.cumsum(sizes)))
    found = np.empty((3, rooms[-1]), dtype=np.int32)
    for old, new, size in zip(workspace.rooms, rooms, ends, strict=False):
        found[:, new : new + size] = workspace.found[:, old : old + size]
    return workspace._replace(found=found, rooms=rooms)


def _with_room_for_a_task(workspace: Workspace) -> Workspace:
    """Return the workspace, with new arrays if the next task may not fit: its results are then not copied."""
    rooms, ends = workspace.rooms, workspace.ends
    if np.any(2 * ends > np.diff(rooms)):
        return workspace._replace(found=np.empty_like(workspace.found), ends=np.zeros_like(ends))
    return workspace


def _counts_of(workspace: Workspace, begins: IntArray, ends: IntArray, length: int) -> IntArray:
    """Return the counts of the itemsets of at least some length that a task found."""
    parts = zip(workspace.rooms[length:], begins[length:], ends[length:], strict=False)
    return np.concatenate([workspace.found[1, start + begin : start + end] for start, begin, end in parts])
