"""Numba kernel of the bitset engine.

Items are numbered 0, 1, ..., only the frequent ones, in order. The caller enlarges arrays: a kernel that
lacks room returns, and continues when called again. (Numba counts references at every use of an array that is
reassigned inside a kernel, which costs more than the work itself.)
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.kernel import kernel
from recsys.mining._popcount_kernel import WORD, and_count, whole_words

IntArray = npt.NDArray[np.integer[Any]]
Words = npt.NDArray[np.uint64]

LONGEST = 32  # an itemset of 32 items has 2**32 - 1 subsets, more than any result may hold
CHUNK = 32  # items checked together
at = np.uint64  # an unsigned index, which Numba does not check for counting from the end
# Bit b of a bit set is bit b & LOW of its word b >> SHIFT.
SHIFT, LOW, ONE = np.uint64(6), np.uint64(WORD - 1), np.uint64(1)

DONE, LACKS_FOUND, LACKS_STACK, STOPPED = range(4)  # what `longer_itemsets` returns
ITEM, COUNT, PARENT = range(3)  # rows of Workspace.found
ORIGIN, SLOT = 2, 3  # rows of Workspace.stack, which has ITEM and COUNT too
# Columns of Workspace.levels: of a prefix, the first extension, the current one, its count, and the position
# of its last extension among the found.
START, NEXT, PREFIX_COUNT, BATCH = range(4)
# Entries of Workspace.state: first item, level (-1 before a first item), longest length found, number found,
# number of extensions that room is needed for, words and masks of an extension.
FIRST, LEVEL, LENGTHS, N_FOUND, N_STACK, N_WORDS, N_MASKS = range(7)


class Database(NamedTuple):
    """Transactions of frequent items, both ways."""

    row_items: IntArray  # items of the transactions, ascending in each, end to end; uint16 or uint32
    starts: IntArray  # item i has the occurrences starts[i] to starts[i + 1] - 1
    n_after: IntArray  # number of items after all occurrences of each item
    spans: IntArray  # after occurrence k come the items spans[k, 0] to spans[k, 1] - 1 of `row_items`


class Pairs(NamedTuple):
    """Frequent pairs: those of first item i are the ones from starts[i] to starts[i + 1] - 1."""

    starts: IntArray
    items: IntArray  # the second items, ascending, int32
    counts: IntArray  # int32


class Workspace(NamedTuple):
    """State and results of a search.

    It runs backwards, from the last first item to the first, and from the last extension of a prefix to the
    first: the itemsets of one length are found in reverse order. Extensions of longer prefixes come after
    those of shorter ones.
    """

    # Last item, count and parent of those found, shape (3, capacity), int32. The parent is its position among
    # those of its length; that of a pair is its first item. Length k has the columns rooms[k] to
    # rooms[k + 1] - 1.
    found: IntArray
    rooms: IntArray
    ends: IntArray  # number found of each length, shape (LONGEST + 1,)
    needs: IntArray  # number of each length that room is needed for
    # Extensions of the prefixes in progress, shape (4, n_stack), int32: the item, the count of the prefix and
    # it, the position of the same item among the extensions of the shorter prefix, and its slot, which is its
    # position among the partners of the first item.
    stack: IntArray
    marks: IntArray  # `ends` when the search reached each extension, shape (n_stack, LONGEST + 1), int32
    masks: Words  # of each extension, the slots of the items that extend the prefix with it, as bits
    # The occurrences of the first item with each extension, as bits; the first n_words belong to none.
    words: Words
    slots: IntArray  # 1 + slot of each item; 0 throughout between two first items
    levels: IntArray  # shape (LONGEST + 1, 4)
    state: IntArray


@kernel
def item_counts(indices: IntArray, n_items: int) -> IntArray:
    """Return the number of occurrences of each column, int64."""
    counts = np.zeros(n_items, dtype=np.int64)
    for index in indices:
        counts[at(index)] += 1
    return counts


@kernel
def by_item(
    indptr: IntArray, indices: IntArray, numbers: IntArray, counts: IntArray, n_light: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return the fields of the `Database` of a CSR matrix with ascending indices in each row.

    `numbers`, shape (n_columns,), are the numbers of the items, n_items if not frequent; `counts` their
    counts. Among those below `n_light` and among the others, numbers ascend as columns do.
    """
    n_items = len(counts)
    starts = np.zeros(n_items + 1, dtype=np.int64)
    for item in range(n_items):
        starts[item + 1] = starts[item] + counts[item]
    n_entries = starts[n_items]
    nexts = starts.copy()
    n_after = np.zeros(n_items, dtype=np.int64)
    row_items = np.empty(n_entries + 1, dtype=numbers.dtype)
    spans = np.empty((n_entries, 2), dtype=indptr.dtype)
    end = 0
    for row in range(len(indptr) - 1):
        begin = end
        for entry in range(indptr[row], indptr[row + 1]):
            number = numbers[at(indices[at(entry)])]
            # Without a branch: stored in any case, and kept if frequent.
            row_items[at(end)] = number
            end += number < n_light
        if n_light < n_items:
            for entry in range(indptr[row], indptr[row + 1]):
                number = numbers[at(indices[at(entry)])]
                row_items[at(end)] = number
                end += (number >= n_light) & (number < n_items)
        for place in range(begin, end):
            number = row_items[at(place)]
            occurrence = nexts[number]
            spans[at(occurrence), 0] = place + 1
            spans[at(occurrence), 1] = end
            nexts[number] = occurrence + 1
            n_after[number] += end - place - 1
    return row_items[:n_entries], starts, n_after, spans


@kernel
def frequent_pairs(
    database: Database,
    first: int,
    stop: int,
    min_count: int,
    sizes: IntArray,
    items: IntArray,
    counts: IntArray,
    size: int,
    stopped: IntArray,
) -> tuple[int, int]:
    """Count pairs by occurrence delivery (LCM: Uno, Kiyomi, Arimura, FIMI 2004, section 3.2).

    Each item is delivered to every later item of its transactions: all its pairs are counted at once, in time
    that does not depend on the number of candidates.

    The first items are `first` to `stop - 1`. Output: `sizes`, shape (n_items,), is the number of frequent
    pairs of each; `items` and `counts`, shape (capacity,), are the second item and the count of each pair,
    from `size` on. If `stopped` is not 0, the search returns at once. Returns the item that lacks room, or
    `stop` when done, and the position of the next pair.
    """
    row_items, starts, _, spans = database
    n_items = len(starts) - 1
    delivered = np.zeros(n_items, dtype=np.int32)
    for item in range(first, stop):
        if size + n_items - item > len(items) or stopped[0] != 0:
            return item, size
        for occurrence in range(starts[item], starts[item + 1]):
            for place in range(spans[at(occurrence), 0], spans[at(occurrence), 1]):
                delivered[at(row_items[at(place)])] += 1
        begin = size
        for chunk in range(item + 1, n_items, CHUNK):
            chunk_end = min(chunk + CHUNK, n_items)
            greatest = np.int32(0)  # rare items have few partners: most chunks are skipped
            for later in range(chunk, chunk_end):
                greatest = max(greatest, delivered[at(later)])
            if greatest >= min_count:
                for later in range(chunk, chunk_end):
                    # Without a branch, which would be mispredicted.
                    items[at(size)] = later
                    counts[at(size)] = delivered[at(later)]
                    size += delivered[at(later)] >= min_count
            for later in range(chunk, chunk_end):
                delivered[at(later)] = 0
        sizes[item] = size - begin
    return stop, size


@kernel
def copy_extended(
    found: IntArray,
    rooms: IntArray,
    ends: IntArray,
    length: int,
    begin: int,
    stop: int,
    shift: int,
    parent: int,
) -> None:
    """Append copies of the found itemsets `begin` to `stop - 1` of a length, with one more item each.

    Their last items stay; their parents are `parent`, or, if that is -1, those of the originals plus `shift`.
    """
    old = rooms[length] + begin
    new = rooms[length + 1] + ends[length + 1]
    for place in range(stop - begin):
        found[ITEM, at(new + place)] = found[ITEM, at(old + place)]
        found[COUNT, at(new + place)] = found[COUNT, at(old + place)]
    if parent >= 0:
        for place in range(stop - begin):
            found[PARENT, at(new + place)] = parent
    else:
        for place in range(stop - begin):
            found[PARENT, at(new + place)] = found[PARENT, at(old + place)] + shift
    ends[length + 1] += stop - begin


@kernel
def place_partners(database: Database, pairs: Pairs, workspace: Workspace, first: int) -> None:
    """Make the partners of a first item its extensions, and bit sets over the transactions that hold it."""
    row_items, starts, _, spans = database
    stack, words, slots = workspace.stack, workspace.words, workspace.slots
    begin = pairs.starts[first]
    n_partners = pairs.starts[first + 1] - begin
    n_words = workspace.state[N_WORDS]
    for slot in range(n_partners):
        item = pairs.items[begin + slot]
        slots[item] = slot + 1
        stack[ITEM, slot] = item
        stack[COUNT, slot] = pairs.counts[begin + slot]
        stack[ORIGIN, slot] = slot
        stack[SLOT, slot] = slot
    for word in range((n_partners + 1) * n_words):
        words[word] = 0
    for bit in range(starts[first + 1] - starts[first]):
        occurrence = starts[first] + bit
        word = bit >> 6
        one = ONE << (np.uint64(bit) & LOW)
        for place in range(spans[at(occurrence), 0], spans[at(occurrence), 1]):
            words[at(slots[at(row_items[at(place)])] * n_words + word)] |= one
    for slot in range(n_partners):
        slots[stack[ITEM, slot]] = 0


@kernel
def mark_slots(workspace: Workspace, chosen: int, first: int, stop: int) -> None:
    """Set the mask of a chosen extension to the slots of the extensions `first` to `stop - 1`."""
    masks, stack, n_masks = workspace.masks, workspace.stack, workspace.state[N_MASKS]
    start = chosen * n_masks
    for mask in range(start, start + n_masks):
        masks[at(mask)] = 0
    for extension in range(first, stop):
        bit = np.uint64(stack[SLOT, at(extension)])
        masks[at(start) + (bit >> SHIFT)] |= ONE << (bit & LOW)


@kernel
def lacks_stack(workspace: Workspace, n_stack: int) -> bool:
    """Return whether there is no room for some extensions, and note their number in the state."""
    state = workspace.state
    state[N_STACK] = n_stack
    lacks_words = (n_stack + 1) * state[N_WORDS] > len(workspace.words)
    lacks_masks = n_stack * state[N_MASKS] > len(workspace.masks)
    return bool(n_stack > workspace.stack.shape[1] or lacks_words or lacks_masks)


@kernel
def longer_itemsets(
    database: Database,
    pairs: Pairs,
    workspace: Workspace,
    stop: int,
    min_count: int,
    max_len: int,
    limit: int,
    copies: bool,
    place: int,
    progress: IntArray,
    stopped: IntArray,
) -> int:
    """Find the itemsets that start with some items, depth first (Eclat: Zaki, TKDE 2000).

    A prefix and an extension are combined with each later extension by AND and popcount, but only where the
    shorter prefix has that pair of extensions, which is known in reverse order: all but one subset of each
    candidate are frequent (Goethals, FIMI 2003). If an extension occurs in all transactions of a prefix, or
    the last item of the prefix in all of an extension of the shorter prefix, the following itemsets are found
    already, one item shorter, and are copied (perfect extensions: Borgelt, FIMI 2003). That takes `copies`
    and all frequent pairs: where some are left out, so are their supersets, but a copy may be one of them.

    The first items are state[FIRST] - 1 down to `stop`. `max_len` is at most LONGEST; an itemset of that
    length exceeds any limit. `progress`, shape (n_workspaces,), is the number found in each workspace, this
    one at `place`; `limit` is the maximum of their sum. `stopped` is set when it is exceeded; if it is not 0,
    the search returns at once. Returns DONE, STOPPED, LACKS_FOUND (see `needs`) or LACKS_STACK (see
    state[N_STACK]).
    """
    found, rooms, ends, needs, stack, marks, masks, words, _, levels, state = workspace
    allowed = limit - np.sum(progress) + progress[place]
    while True:
        if state[LEVEL] < 0:
            if state[FIRST] == stop:
                return DONE
            first = state[FIRST] - 1
            begin = pairs.starts[first]
            n_partners = pairs.starts[first + 1] - begin
            n_rows = database.starts[first + 1] - database.starts[first]
            state[N_WORDS] = whole_words(n_rows)
            state[N_MASKS] = (n_partners + WORD - 1) // WORD
            allowed = limit - np.sum(progress) + progress[place]
            if stopped[0] != 0 or state[N_FOUND] + n_partners > allowed:
                stopped[0] = 1
                return STOPPED
            if ends[2] + n_partners > rooms[3] - rooms[2]:
                needs[2] = ends[2] + n_partners
                return LACKS_FOUND
            if lacks_stack(workspace, 2 * n_partners + 1):
                return LACKS_STACK
            end = rooms[2] + ends[2]
            for slot in range(n_partners):
                found[ITEM, end + slot] = pairs.items[begin + n_partners - 1 - slot]
                found[COUNT, end + slot] = pairs.counts[begin + n_partners - 1 - slot]
                found[PARENT, end + slot] = first
            ends[2] += n_partners
            state[N_FOUND] += n_partners
            progress[place] = state[N_FOUND]
            state[FIRST] = first
            if n_partners < 2 or max_len == 2:
                continue
            place_partners(database, pairs, workspace, first)
            levels[0, START] = 0
            levels[1, START] = levels[0, NEXT] = n_partners
            levels[0, PREFIX_COUNT] = n_rows
            levels[0, BATCH] = ends[2] - n_partners
            state[LEVEL] = 0

        n_words, n_masks = state[N_WORDS], state[N_MASKS]
        level = state[LEVEL]
        while level >= 0:
            length = level + 2  # of the prefix with an extension
            chosen = levels[level, NEXT] - 1
            if chosen < levels[level, START]:
                level -= 1
                continue
            for longer in range(length + 1, min(state[LENGTHS] + 1, LONGEST) + 1):
                marks[at(chosen), at(longer)] = ends[at(longer)]
            top = levels[level + 1, START]
            n_later = top - 1 - chosen
            if length == max_len or n_later == 0:
                levels[level, NEXT] = chosen
                continue
            if level == 0:
                progress[place] = state[N_FOUND]
                allowed = limit - np.sum(progress) + progress[place]
                if stopped[0] != 0:
                    return STOPPED
            parent = levels[level, BATCH] + n_later
            origin = stack[ORIGIN, chosen]

            perfect = copies and stack[COUNT, chosen] == levels[level, PREFIX_COUNT]
            known = copies and level > 0 and stack[COUNT, origin] == stack[COUNT, chosen]
            if perfect or known:
                if perfect:  # the later extensions, and what follows them
                    earlier, later = top - 1, chosen
                    begin, end = levels[level, BATCH], levels[level, BATCH] + n_later
                else:  # what follows the same item after the shorter prefix
                    earlier, later = origin, origin - 1
                    begin, end = marks[earlier, length], marks[later, length]
                copied = end - begin
                lacks = ends[length + 1] + copied > rooms[length + 2] - rooms[length + 1]
                needs[length + 1] = ends[length + 1] + copied
                for longer in range(length + 1, min(state[LENGTHS], max_len - 1) + 1):
                    n_longer = marks[later, longer] - marks[earlier, longer]
                    copied += n_longer
                    needs[longer + 1] = ends[longer + 1] + n_longer
                    lacks = lacks or needs[longer + 1] > rooms[longer + 2] - rooms[longer + 1]
                if state[N_FOUND] + copied > allowed:
                    stopped[0] = 1
                    return STOPPED
                if lacks:
                    state[LEVEL] = level
                    return LACKS_FOUND
                shift = ends[length + 1] - begin
                copy_extended(found, rooms, ends, length, begin, end, 0, parent)
                longest = length + 1
                for longer in range(length + 1, min(state[LENGTHS], max_len - 1) + 1):
                    begin, end = marks[earlier, longer], marks[later, longer]
                    if end == begin:
                        break
                    following = ends[longer + 1] - begin
                    copy_extended(found, rooms, ends, longer, begin, end, shift, -1)
                    shift = following
                    longest = longer + 1
                state[LENGTHS] = max(state[LENGTHS], longest)
                state[N_FOUND] += copied
                if perfect:
                    mark_slots(workspace, chosen, chosen + 1, top)
                else:
                    for mask in range(n_masks):
                        masks[chosen * n_masks + mask] = masks[origin * n_masks + mask]
                levels[level, NEXT] = chosen
                continue

            if lacks_stack(workspace, top + n_later):
                state[LEVEL] = level
                return LACKS_STACK
            # The candidates, without branches: stored in any case, and kept if they are some.
            new = top
            if level == 0:
                pair = pairs.starts[stack[ITEM, chosen]]
                last_pair = pairs.starts[stack[ITEM, chosen] + 1]
                for other in range(chosen + 1, top):
                    item = stack[ITEM, at(other)]
                    while pair < last_pair and pairs.items[at(pair)] < item:
                        pair += 1
                    if pair == last_pair:
                        break
                    stack[ORIGIN, at(new)] = other
                    new += pairs.items[at(pair)] == item
            else:
                mask = origin * n_masks
                for other in range(chosen + 1, top):
                    bit = np.uint64(stack[SLOT, at(other)])
                    stack[ORIGIN, at(new)] = other
                    new += np.int64((masks[at(mask) + (bit >> SHIFT)] >> (bit & LOW)) & ONE)
            # The frequent ones among them, likewise.
            left, last_candidate, new = (chosen + 1) * n_words, new, top
            for candidate in range(top, last_candidate):
                other = stack[ORIGIN, at(candidate)]
                right = (other + 1) * n_words
                if length + 1 == max_len:
                    count = and_count(words, left, right, None, n_words)
                else:
                    count = and_count(words, left, right, (new + 1) * n_words, n_words)
                stack[ORIGIN, at(new)] = other
                stack[COUNT, at(new)] = count
                new += count >= min_count
            for extension in range(top, new):
                other = stack[ORIGIN, at(extension)]
                stack[ITEM, at(extension)] = stack[ITEM, at(other)]
                stack[SLOT, at(extension)] = stack[SLOT, at(other)]
            n_new = new - top
            if length + 1 < max_len:
                mark_slots(workspace, chosen, top, new)
            if n_new == 0:
                levels[level, NEXT] = chosen
                continue
            if state[N_FOUND] + n_new > allowed or length + 1 == LONGEST:
                stopped[0] = 1
                return STOPPED
            if ends[length + 1] + n_new > rooms[length + 2] - rooms[length + 1]:
                needs[length + 1] = ends[length + 1] + n_new
                state[LEVEL] = level
                return LACKS_FOUND
            levels[level, NEXT] = chosen
            end = rooms[length + 1] + ends[length + 1]
            for extension in range(n_new):
                found[ITEM, at(end + extension)] = stack[ITEM, at(new - 1 - extension)]
                found[COUNT, at(end + extension)] = stack[COUNT, at(new - 1 - extension)]
                found[PARENT, at(end + extension)] = parent
            ends[length + 1] += n_new
            state[N_FOUND] += n_new
            state[LENGTHS] = max(state[LENGTHS], length + 1)
            if n_new > 1 and length + 1 < max_len:
                level += 1
                levels[level, START] = top
                levels[level + 1, START] = levels[level, NEXT] = new
                levels[level, PREFIX_COUNT] = stack[COUNT, chosen]
                levels[level, BATCH] = ends[length + 1] - n_new
        state[LEVEL] = level
        progress[place] = state[N_FOUND]


@kernel
def put_in_order(
    workspace: Workspace,
    begins: IntArray,
    ends: IntArray,
    indices: IntArray,
    columns: IntArray,
    parents: IntArray,
    last_items: IntArray,
    counts: IntArray,
) -> None:
    """Write the itemsets found for some first items, in reverse order, to the arrays of a FrequentItemsets.

    By length, shape (LONGEST + 1,): the itemsets are those from `begins` to `ends` - 1 among the found, and
    `indices` are the indices of the first of them in the result. `columns`, shape (n_items,), are item
    indices.
    """
    found, rooms = workspace.found, workspace.rooms
    for length in range(2, LONGEST + 1):
        # The parent at `place` among those found has the index last_parent - place.
        last_parent = indices[length - 1] + ends[length - 1] - 1
        last = rooms[length] + ends[length] - 1
        for place in range(ends[length] - begins[length]):
            index = indices[length] + place
            last_items[at(index)] = columns[at(found[ITEM, at(last - place)])]
            counts[at(index)] = found[COUNT, at(last - place)]
            parent = np.int64(found[PARENT, at(last - place)])
            parents[at(index)] = parent if length == 2 else last_parent - parent
