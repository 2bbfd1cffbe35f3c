from __future__ import annotations

import numpy as np
import pytest

from recsys.data import Interactions, ItemCatalog
from recsys.errors import ParameterError


def test_ratings_are_sorted_by_user_then_item() -> None:
    ratings = Interactions(user_id=[2, 1, 1], item_id=[5, 9, 3], rating=[1, 2, 3], timestamp=[10, 20, 30])
    assert ratings.user_id.tolist() == [1, 1, 2]
    assert ratings.item_id.tolist() == [3, 9, 5]
    assert ratings.rating is not None
    assert ratings.rating.tolist() == [3.0, 2.0, 1.0]
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [30, 20, 10]
    assert (len(ratings), ratings.n_users, ratings.n_items) == (3, 2, 3)


def test_sorted_columns_are_kept_without_a_copy() -> None:
    user = np.array([1, 1, 2])
    assert Interactions(user, np.array([1, 2, 1])).user_id is user


def test_text_ids_stay_text() -> None:
    ratings = Interactions(np.array(["b", "a"], dtype=object), ["007", "x"])
    assert ratings.user_id.tolist() == ["a", "b"]
    assert ratings.item_id.tolist() == ["x", "007"]


def test_nothing_is_rated_in_empty_ratings() -> None:
    ratings = Interactions(np.empty(0, np.int64), np.empty(0, np.int64))
    assert (len(ratings), ratings.n_users, ratings.n_items) == (0, 0, 0)


def test_digest_depends_on_the_content_and_not_on_the_order() -> None:
    one = Interactions([1, 2], [1, 1], [3.0, 4.0])
    same = Interactions([2, 1], [1, 1], [4.0, 3.0], name="other")
    others = [
        Interactions([1, 2], [1, 1], [3.0, 4.5]),
        Interactions([1, 2], [1, 2], [3.0, 4.0]),
        Interactions([1, 2], [1, 1], [3.0, 4.0], [1, 2]),
        Interactions([1, 2], [1, 1]),
        Interactions([1, 2], ["1", "1"], [3.0, 4.0]),
    ]
    assert one.digest == same.digest
    assert len({one.digest, *(other.digest for other in others)}) == 6


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ParameterError, match="rating must be one value for each of the 2 user ids"):
        Interactions([1, 2], [1, 1], [3.0])


def test_ids_that_do_not_fit_64_bits_are_refused() -> None:
    ids = np.array([1, 2**63], dtype=np.uint64)
    assert Interactions(ids[:1], [1]).user_id.dtype == np.int64
    with pytest.raises(
        ParameterError, match=r"user_id must be integers below 2\*\*63, .* Got 9223372036854775808"
    ):
        Interactions(ids, [1, 2])


def test_ids_are_integers_or_text() -> None:
    with pytest.raises(ParameterError, match="item_id must be integers or text"):
        Interactions([1], [1.5])


def test_titles_fall_back_to_ids() -> None:
    items = ItemCatalog(np.array([1, 2]), ("Heat", ""), (("Action",), ()))
    assert items.titles([2, 1, 9]) == ["2", "Heat", "9"]
    assert items.titles(np.array(["1"])) == ["Heat"]
    assert items.categories_of([1, 9]) == [("Action",), ()]
    assert Interactions([1], [1], items=items).titles([1]) == ["Heat"]
    assert Interactions([1], [1]).titles([1]) == ["1"]
