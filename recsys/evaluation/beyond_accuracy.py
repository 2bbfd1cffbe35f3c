"""Measures of the items in lists, hits or not: novelty, serendipity, popularity bias, diversity, coverage.

Lists are item indices, shape (n_users, k_max), int32, with -1 at the end of shorter ones. Values are by name
and cut-off, "novelty@10", one for each user; coverage and exposure_gini have one value for all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.recommenders.recommendations import FALLBACK

BEYOND_ACCURACY = ("novelty", "serendipity", "arp", "diversity", "fallback_share")
OF_ALL_LISTS = ("coverage", "exposure_gini")

#: Pairs of items that are compared at a time, or those of one user: they fit into the processor's cache.
_PAIRS = 2**16


def encode_categories(categories: Sequence[Sequence[str]]) -> npt.NDArray[np.bool_]:
    """Return which item has which category, shape (n_items, n_categories), in alphabetical order."""
    column = {
        name: place for place, name in enumerate(sorted({name for names in categories for name in names}))
    }
    matrix = np.zeros((len(categories), len(column)), dtype=np.bool_)
    for row, names in enumerate(categories):
        matrix[row, [column[name] for name in names]] = True
    return matrix


def novelty(
    item_indices: npt.NDArray[np.int32], train: Histories, cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure the mean self-information of a list's items, in bits; 0 for an empty list.

    The self-information of an item is -log2(users who like it / users), in the training data; an item that
    nobody likes counts as liked by one user. RecTools calls this the mean inverse user frequency.

    References
    ----------
    Zhou et al. (2010). Solving the apparent diversity-accuracy dilemma of recommender systems. PNAS 107(10).
    """
    n_likes = count_likes(train)
    bits = np.log2(train.n_users / np.maximum(n_likes, 1)) if train.n_users else np.zeros(train.n_items)
    # The value at the end is read by -1.
    bits_of_lists = np.append(bits, 0.0)[item_indices]
    return _ratios("novelty", bits_of_lists, np.cumsum(item_indices >= 0, axis=1), cutoffs)


def serendipity(
    item_indices: npt.NDArray[np.int32],
    hits: npt.NDArray[np.bool_],
    train: Histories,
    cutoffs: Sequence[int],
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure how far the hits of a list are above their place by popularity; 0 for an empty list.

    As RecTools: the mean over the list of rel(i) max(p(i) - q(i), 0), where rel(i) is 1 for a hit at rank i
    and otherwise 0, p(i) = (n + 1 - i) / n with n items, and q(i) the same with the rank by popularity, which
    items with as many likes share; 0 for an item that nobody likes.
    """
    n_likes, n = count_likes(train), train.n_items
    level = np.unique(-n_likes, return_inverse=True)[1]  # the most popular first
    expected = np.where(n_likes > 0, (n - level) / max(n, 1), 0.0)
    offered = (n - np.arange(item_indices.shape[1])) / max(n, 1)
    surprise = np.maximum(offered - np.append(expected, 0.0)[item_indices], 0.0) * hits
    return _ratios("serendipity", surprise, np.cumsum(item_indices >= 0, axis=1), cutoffs)


def average_popularity(
    item_indices: npt.NDArray[np.int32], train: Histories, cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure the mean number of users who like the items of a list, in the training data: ARP.

    0 for an empty list.

    References
    ----------
    Yin et al. (2012). Challenging the long tail recommendation. VLDB 2012.
    """
    n_likes = np.append(count_likes(train), 0)[item_indices]
    return _ratios("arp", n_likes, np.cumsum(item_indices >= 0, axis=1), cutoffs)


def diversity(
    item_indices: npt.NDArray[np.int32], categories: npt.NDArray[np.bool_], cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure 1 - the mean Jaccard similarity of all pairs of a list; 0 with fewer than two items.

    The similarity of two items is the share of their categories (as from `encode_categories`) that they
    have in common; two items without categories are alike.

    References
    ----------
    Smyth and McClave (2001). Similarity vs. diversity. ICCBR 2001.
    Ziegler et al. (2005). Improving recommendation lists through topic diversification. WWW 2005.
    """
    one_hot = np.zeros(
        (len(categories) + 1, categories.shape[1]), dtype=np.float32
    )  # the last row is read by -1
    one_hot[:-1] = categories
    unlike = np.empty(item_indices.shape)
    n_at_once = max(_PAIRS // item_indices.shape[1] ** 2, 1)
    for start in range(0, len(item_indices), n_at_once):
        block = slice(start, start + n_at_once)
        unlike[block] = _unlike_earlier(one_hot[item_indices[block]])
    unlike[item_indices < 0] = 0
    length = np.cumsum(item_indices >= 0, axis=1)
    return _ratios("diversity", unlike, length * (length - 1) // 2, cutoffs)


def _unlike_earlier(one_hot: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the sum of each item's Jaccard distances to the items before it, shape (n_users, k_max)."""
    common = (one_hot @ one_hot.transpose(0, 2, 1)).astype(np.float64)  # exact: numbers of categories
    n_categories = one_hot.sum(axis=2, dtype=np.float64)
    union = n_categories[:, :, np.newaxis] + n_categories[:, np.newaxis, :] - common
    distance = (union > 0) - common / np.maximum(union, 1)  # 0 for two items without categories
    earlier = np.tri(one_hot.shape[1], k=-1)
    return np.asarray((distance * earlier).sum(axis=2))


def fallback_share(
    sources: npt.NDArray[np.int8], cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the share of a list's items that come from the fallback; 0 for an empty list."""
    return _ratios("fallback_share", sources == FALLBACK, np.cumsum(sources >= 0, axis=1), cutoffs)


def count_likes(train: Histories) -> npt.NDArray[np.int64]:
    """Return the number of users who like each item, shape (n_items,)."""
    return np.bincount(train.latest.item_indices, minlength=train.n_items)


def _ratios(
    name: str, values: npt.NDArray[Any], n: npt.NDArray[np.int64], cutoffs: Sequence[int]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the sum of the values up to each cut-off, divided by `n` there."""
    total = np.cumsum(values, axis=1)
    return {f"{name}@{k}": total[:, k - 1] / np.maximum(n[:, k - 1], 1) for k in cutoffs}


def coverage(item_indices: npt.NDArray[np.int32], n_items: int, cutoffs: Sequence[int]) -> dict[str, float]:
    """Return the share of all items that are in some list; 0 for an empty catalog.

    References
    ----------
    Ge, Delgado-Battenfeld and Jannach (2010). Beyond accuracy: evaluating recommender systems by coverage
    and serendipity. RecSys 2010.
    """
    shares = {}
    for k in cutoffs:
        listed = np.zeros(n_items + 1, dtype=np.bool_)
        listed[item_indices[:, :k]] = True  # -1 marks the place after the last item
        shares[f"coverage@{k}"] = float(listed[:n_items].sum() / max(n_items, 1))
    return shares


def exposure_gini(
    item_indices: npt.NDArray[np.int32], n_items: int, cutoffs: Sequence[int]
) -> dict[str, float]:
    """Measure how unequally the lists expose the items: 0 if all alike, nearly 1 if only one is shown.

    The Gini coefficient of the exposure of all items; an item at rank i of a list has 1 / log2(i + 1).
    LensKit's ExposureGini, with the discount of NDCG. 0 without any exposure.

    References
    ----------
    Diaz et al. (2020). Evaluating stochastic rankings with expected exposure. CIKM 2020.
    """
    discount = 1 / np.log2(np.arange(2, item_indices.shape[1] + 2))
    values = {}
    for k in cutoffs:
        shown = np.broadcast_to(discount[:k], (len(item_indices), k)).ravel()
        of_items = np.bincount(item_indices[:, :k].ravel() + 1, shown, minlength=n_items + 1)[1:]
        rank = 2 * np.arange(n_items) - n_items + 1
        whole = n_items * of_items.sum()
        values[f"exposure_gini@{k}"] = float(rank @ np.sort(of_items) / whole) if whole else 0.0
    return values
