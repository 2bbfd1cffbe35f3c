"""What Hypothesis draws for evaluation, and how tests write it down."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from recsys.data import Positives
from recsys.data.histories import Histories
from recsys.evaluation import Targets
from recsys.recommenders import SOURCES, Recommendations

deterministic = settings(deadline=None, derandomize=True, max_examples=60)


def make_positives(likes, times=True):
    """Make positives from {(user, item): timestamp}."""
    pairs = sorted(likes)
    timestamp = np.array([likes[pair] for pair in pairs], dtype=np.int64) if times else None
    user_id, item_id = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
    return Positives(user_id, item_id, timestamp)


def pairs(positives):
    """Return the (user, item) pairs as a set."""
    return set(zip(positives.user_id.tolist(), positives.item_id.tolist(), strict=True))


@st.composite
def likes(draw):
    """Draw {(user, item): timestamp}: eight users, few times for many likes, so that most share a second."""
    row = st.lists(st.integers(0, 9), min_size=1, max_size=12)
    rows = draw(st.lists(row, min_size=8, max_size=8))
    # Items of a user are distinct, and in another order than the times.
    return {
        (user, (user + 7 * at) % 15): time for user, row in enumerate(rows) for at, time in enumerate(row)
    }


def make_histories(rows, n_items):
    """Make histories of users 0, 1, ... over items 0 to n_items - 1."""
    offsets = np.cumsum([0, *map(len, rows)])
    items = np.array([item for row in rows for item in row], dtype=np.int32)
    return Histories(offsets, items, np.arange(n_items), np.arange(len(rows)))


def make_targets(rows, n_items):
    """Make the targets of users 0, 1, ...; items from n_items on are unknown to the catalogue."""
    known = make_histories([[item for item in row if item < n_items] for row in rows], n_items)
    return Targets(known, np.array([len(row) for row in rows], dtype=np.int64))


def make_recommendations(rows, k, sources=None):
    """Make recommendations from lists of items, and of the names of their sources."""
    sources = sources or [["model"] * len(row) for row in rows]
    item_indices = np.array([[*row, *[-1] * (k - len(row))] for row in rows], dtype=np.int32)
    codes = [[*map(SOURCES.index, row), *[-1] * (k - len(row))] for row in sources]
    return Recommendations(
        item_indices.reshape(len(rows), k), np.zeros((len(rows), k)), np.array(codes, dtype=np.int8)
    )


@st.composite
def ranking_problems(draw):
    """Draw a catalogue, lists with sources, held-out likes (some unknown), training likes and categories."""
    n_items = draw(st.integers(1, 8))
    n_users = draw(st.integers(1, 5))
    known = st.integers(0, n_items - 1)

    def rows(elements, minimum=0):
        row = st.lists(elements, unique=True, min_size=minimum, max_size=n_items)
        return draw(st.lists(row, min_size=n_users, max_size=n_users))

    lists = rows(known)
    sources = [
        draw(st.lists(st.sampled_from(SOURCES), min_size=len(row), max_size=len(row))) for row in lists
    ]
    categories = draw(
        st.lists(st.sets(st.sampled_from("abc")).map(sorted), min_size=n_items, max_size=n_items)
    )
    held_out = rows(st.integers(0, n_items + 2), minimum=1)
    return n_items, lists, sources, held_out, rows(known), categories
