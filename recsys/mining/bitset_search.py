"""The search of the bitset engine: tasks on threads, and the arrays that they need."""

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from itertools import pairwise
from math import comb, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.transactions import Transactions
from recsys.errors import BudgetError
from recsys.mining import _bitset_kernel as kernel
from recsys.mining._bitset_kernel import Database, Pairs, Workspace
from recsys.mining._order_kernel import in_order_of_columns
from recsys.mining._popcount_kernel import WORD
from recsys.mining.budget import MiningMeter
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.trie import IntArray

TASKS_PER_THREAD = 6
HEAVY = WORD  # times the minimum count; see Search
BYTES_TO_SORT = 16  # an itemset found in another order: 40 for both results, 20 for sorting, none as found
TOO_MANY, LATE, FAILED = 1, 2, 3  # reasons to stop a search


class Search:
    """A search for frequent itemsets.

    It consists of tasks, ranges of first items; their results, one after the other, are in order. The
    frequent items are numbered by their position in `_columns`, their columns of the matrix: ascending, but
    first those in at most HEAVY times the minimum count of transactions. A bit set over the transactions of
    one of the others has more words than its rarest partner has ones: it has the fewest partners at the end.
    """

    def __init__(
        self, transactions: Transactions, max_len: int | None, meter: MiningMeter, n_threads: int
    ) -> None:
        counts = kernel.item_counts(transactions.matrix.indices, transactions.n_items)
        is_heavy = counts > HEAVY * meter.min_count
        light, heavy = np.flatnonzero((counts >= meter.min_count) & ~is_heavy), np.flatnonzero(is_heavy)
        self._columns = np.concatenate([light, heavy]).astype(np.int32)
        self._n_light, self._counts = len(light), counts[self._columns]
        self._in_order = len(light) == 0 or len(heavy) == 0
        if not self._in_order:
            meter.bytes_per_itemset += BYTES_TO_SORT
        self._transactions, self._asked_len = transactions, max_len
        self._min_count = meter.min_count
        self._max_len = min(max_len or kernel.LONGEST, kernel.LONGEST)
        self._meter = meter
        self._n_threads = n_threads
        self._stopped = np.zeros(1, dtype=np.int64)
        # By task: the workspace with its results, and `ends` there before and after it.
        self._parts: dict[int, tuple[Workspace, IntArray, IntArray]] = {}

    def run(self, min_support: float) -> FrequentItemsets:
        """Return all frequent itemsets; raise BudgetError if they exceed the budget."""
        self._meter.set_items(self._counts)
        n_singles = len(self._columns)
        if n_singles > self._meter.max_itemsets:
            raise self._meter.exceeded(self._counts, 1.0)
        sizes = np.asarray([n_singles])
        if self._max_len > 1 and n_singles > 1:
            database = self._make_database()
            pairs = self._find_pairs(database)
            sizes = np.asarray([n_singles, len(pairs.items)])
            if self._max_len > 2 and len(pairs.items):
                self._find_longer(database, pairs)
                longer = [ends[2:] - begins[2:] for _, begins, ends in self._parts.values()]
                sizes = np.concatenate(([n_singles], np.sum(longer, axis=0)))
        offsets = np.concatenate(([0], np.cumsum(sizes[sizes > 0])))
        parents = np.empty(offsets[-1], dtype=np.int64)
        last_items = np.empty(offsets[-1], dtype=np.int32)
        counts = np.empty(offsets[-1], dtype=np.int64)
        labels = self._columns if self._in_order else np.arange(n_singles, dtype=np.int32)
        parents[:n_singles], last_items[:n_singles], counts[:n_singles] = -1, labels, self._counts
        if self._parts:
            self._put_in_order(offsets, labels, parents, last_items, counts)
        elif len(offsets) > 2:
            parents[n_singles:] = np.repeat(np.arange(n_singles), np.diff(pairs.starts))
            last_items[n_singles:] = labels[pairs.items]
            counts[n_singles:] = pairs.counts
        if not self._in_order:
            self._parts.clear()
            arrays = parents, last_items, counts, offsets
            parents, last_items, counts = in_order_of_columns(*arrays, self._columns)
        return FrequentItemsets(
            parents=parents,
            last_items=last_items,
            counts=counts,
            offsets=offsets,
            items=self._transactions.items,
            n_transactions=self._transactions.n_transactions,
            min_support=min_support,
            max_len=self._asked_len,
        )

    def _make_database(self) -> Database:
        self._meter.take(20 * int(self._counts.sum()))  # at most 4 + 8 + 8 bytes an occurrence
        n_items, matrix = len(self._columns), self._transactions.matrix
        dtype = np.uint16 if n_items < 2**16 else np.uint32
        numbers: IntArray = np.full(self._transactions.n_items, n_items, dtype=dtype)
        numbers[self._columns] = np.arange(n_items, dtype=dtype)
        arrays = matrix.indptr, matrix.indices, numbers, self._counts
        return Database(*kernel.by_item(*arrays, self._n_light))

    def _find_pairs(self, database: Database) -> Pairs:
        n_items = len(self._columns)
        sizes = np.zeros(n_items, dtype=np.int64)
        # The cost of a first item: the items after its occurrences, and a check of each later item.
        costs = database.n_after + np.arange(n_items, 0, -1)
        tasks = _ranges(costs, TASKS_PER_THREAD * self._n_threads)
        parts = [(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)) for _ in tasks]
        excluded = self._excluded_pairs()
        most = self._meter.max_itemsets + len(excluded)
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
                if n_items + sum(len(items) for items, _ in parts) > most:
                    self._stopped[0] = TOO_MANY

        self._share_out(count, len(tasks))
        items, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
        if len(excluded):
            firsts = np.repeat(np.arange(n_items), sizes)
            kept = ~np.isin(firsts * n_items + items, excluded)
            items, counts, sizes = items[kept], counts[kept], np.bincount(firsts[kept], minlength=n_items)
        if self._stopped[0] or n_items + len(counts) > self._meter.max_itemsets:
            done = sum(costs[first:stop].sum() for (first, _), stop in zip(tasks, reached, strict=True))
            raise self._exceeded(counts, done / costs.sum())
        return Pairs(np.concatenate(([0], np.cumsum(sizes))), items, counts)

    def _excluded_pairs(self) -> IntArray:
        """Return the excluded pairs of frequent items as keys: first number times n_items, plus second."""
        n_items = len(self._columns)
        numbers = np.full(self._transactions.n_items, -1)
        numbers[self._columns] = np.arange(n_items)
        pairs: IntArray = np.sort(numbers[self._transactions.excluded_pairs], axis=1)
        pairs = pairs[(pairs >= 0).all(axis=1)]
        keys: IntArray = pairs[:, 0] * n_items + pairs[:, 1]
        return keys

    def _find_longer(self, database: Database, pairs: Pairs) -> None:
        """Find the itemsets of three items and more, and the pairs again."""
        n_partners = np.diff(pairs.starts)
        limit = self._meter.max_itemsets - len(self._columns)
        if not len(self._transactions.excluded_pairs):
            self._require_room_for_subsets(pairs, limit)
        # On each thread, the bit sets and the extensions of the first item with most of them.
        n_words = self._counts // 64 + 8 + n_partners // 64
        self._meter.take(self._n_threads * int(np.max(4 * n_partners * (8 * n_words + 148))))
        tasks = _ranges((n_partners + 1) ** 2, TASKS_PER_THREAD * self._n_threads)
        # One workspace per thread for all its tasks, so that its arrays need not grow again.
        n_workspaces = min(self._n_threads, len(tasks))
        idle = [(place, _workspace(len(self._columns))) for place in range(n_workspaces)]
        progress = np.zeros(n_workspaces, dtype=np.int64)
        reached = np.asarray([stop for _, stop in tasks])
        limits = self._min_count, self._max_len, limit
        copies = not len(self._transactions.excluded_pairs)

        def search(number: int) -> None:
            place, workspace = idle.pop()
            begins = workspace.ends.copy()
            first, stop = tasks[number]
            workspace.state[[kernel.FIRST, kernel.LEVEL]] = stop, -1
            status = kernel.LACKS_STACK
            while status in (kernel.LACKS_STACK, kernel.LACKS_FOUND):
                status = kernel.longer_itemsets(
                    database, pairs, workspace, first, *limits, copies, place, progress, self._stopped
                )
                if status == kernel.LACKS_STACK:
                    workspace = _with_larger_stack(workspace)
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

    def _put_in_order(
        self, offsets: IntArray, labels: IntArray, parents: IntArray, last_items: IntArray, counts: IntArray
    ) -> None:
        """Write the results to the arrays of a FrequentItemsets, with a label for each number."""
        parts = [self._parts[number] for number in range(len(self._parts))]
        sizes = np.stack([ends - begins for _, begins, ends in parts])
        indices = np.cumsum(sizes, axis=0) - sizes
        indices[:, 2 : len(offsets)] += offsets[1:-1]

        def put(number: int) -> None:
            workspace, begins, ends = parts[number]
            arrays = parents, last_items, counts
            kernel.put_in_order(workspace, begins, ends, indices[number], labels, *arrays)

        self._share_out(put, len(parts))
        if self._stopped[0]:
            raise self._exceeded(counts[len(self._columns) :], 1.0)

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


def _ranges(costs: IntArray, n_ranges: int) -> list[tuple[int, int]]:
    """Cut items into ranges of about the same cost."""
    ends = np.cumsum(costs)
    cuts = np.searchsorted(ends, ends[-1] * np.arange(1, n_ranges) / n_ranges) + 1
    bounds = np.unique(np.concatenate(([0], cuts, [len(costs)])))
    return [(int(first), int(stop)) for first, stop in pairwise(bounds)]


def _resized(array: npt.NDArray[Any], used: int, size: int) -> npt.NDArray[Any]:
    """Return a larger array that starts with the used part of this one, at a cache line (64 bytes)."""
    room = np.empty(size + 64 // array.itemsize, dtype=array.dtype)
    start = -room.ctypes.data % 64 // array.itemsize
    longer = room[start : start + size]
    longer[:used] = array[:used]
    return longer


def _zeros(shape: tuple[int, ...], dtype: npt.DTypeLike = np.int64) -> IntArray:
    """Return zeros in cache lines of their own (64 bytes).

    Threads that write to the same line slow each other down, in a dense case by a third.
    """
    size, itemsize = prod(shape), np.dtype(dtype).itemsize
    room: IntArray = np.zeros(size + 2 * 64 // itemsize, dtype=dtype)
    start = -room.ctypes.data % 64 // itemsize
    return room[start : start + size].reshape(shape)


def _workspace(n_items: int) -> Workspace:
    """Return a workspace without room."""
    rows = kernel.LONGEST + 1
    state = _zeros((7,))
    state[kernel.LENGTHS] = 2
    return Workspace(
        found=np.empty((3, 0), dtype=np.int32),
        rooms=_zeros((rows + 1,)),
        ends=_zeros((rows,)),
        needs=_zeros((rows,)),
        stack=np.empty((4, 0), dtype=np.int32),
        marks=np.zeros((0, rows), dtype=np.int32),
        masks=np.empty(0, dtype=np.uint64),
        words=np.empty(0, dtype=np.uint64),
        slots=_zeros((n_items,), np.int32),
        levels=_zeros((rows, 4)),
        state=state,
    )


def _with_larger_stack(workspace: Workspace) -> Workspace:
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
        words=_resized(workspace.words, len(workspace.words), n_words),
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
        return workspace._replace(found=np.empty_like(workspace.found), ends=_zeros(ends.shape))
    return workspace


def _counts_of(workspace: Workspace, begins: IntArray, ends: IntArray, length: int) -> IntArray:
    """Return the counts of the itemsets of at least some length that a task found."""
    parts = zip(workspace.rooms[length:], begins[length:], ends[length:], strict=False)
    return np.concatenate([workspace.found[1, start + begin : start + end] for start, begin, end in parts])
