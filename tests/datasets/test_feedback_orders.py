"""Feedback becomes orders: what was accepted completes its basket, what was refused is kept from its user."""

import numpy as np
import pytest

from recsys.data import Interactions, ItemCatalog
from recsys.datasets import CsvDataset
from recsys.datasets.feedback import with_feedback
from recsys.datasets.feedback_orders import _numbered
from recsys.feedback import Feedback, FeedbackStore

# Customer 1 has two orders, customer 2 one; tea costs 2 and 4 apart, cake 3.
SHOP = Interactions(
    np.array([1, 1, 1, 2]),
    np.array(["cake", "tea", "tea", "tea"]),
    timestamp=np.array([100, 100, 200, 300]),
    items=ItemCatalog(np.array(["cake", "jam", "tea"]), ("Cake", "Jam", "Tea"), ((),) * 3),
    name="shop",
    order_id=np.array([1, 1, 2, 3]),
    quantity=np.array([1.0, 2.0, 1.0, 1.0]),
    price=np.array([3.0, 2.0, 4.0, 3.0]),
)
BASKETS = Interactions(
    np.array([1, 1, 2]), np.array(["cake", "tea", "tea"]), name="baskets", order_id=np.array([1, 1, 2])
)


@pytest.fixture
def say(tmp_path):
    """Keep thumbs of lists, one a second: list, user, item, whether it is up, and the basket."""
    store = FeedbackStore.open(str(tmp_path / "feedback.db"))

    def say(*thumbs):
        for number, (shown, user, item, liked, *basket) in enumerate(thumbs):
            created = 1000 * (1000 + number)
            store.add(Feedback(shown, user, item, liked, tuple(basket), created=created))
        return str(tmp_path / "feedback.db")

    yield say
    store.close()


def added(merged, data):
    """Return the orders of page users: user, order, items, second."""
    orders = {}
    columns = merged.user_id, merged.order_id, merged.item_id
    for row, (user, order, item) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        if user in set(merged.page_users.tolist()):
            orders.setdefault((user, order), []).append(item)
            if merged.timestamp is not None:
                assert merged.timestamp[row] >= 1000
    assert len(merged) == len(data) + sum(map(len, orders.values()))
    return orders


def test_what_was_accepted_completes_its_basket(say):
    path = say(
        ("a", "ann", "tea", True, "cake"),
        ("a", "ann", "jam", True, "cake"),
        ("b", "ann", "cake", True),
        ("c", "bob", "jam", True, "tea"),
    )
    merged = with_feedback(SHOP, path, max_share=1)
    assert added(merged, SHOP) == {(3, 4): ["cake", "jam", "tea"], (3, 5): ["cake"], (4, 6): ["jam", "tea"]}
    assert merged.page_users.tolist() == [3, 4]
    rows = merged.user_id > 2
    assert merged.timestamp[rows].tolist() == [1001] * 3 + [1002] + [1003] * 2
    assert merged.quantity[rows].tolist() == [1.0] * 6
    assert merged.price[rows].tolist() == [3.0, 3.0, 3.0, 3.0, 3.0, 3.0]  # of tea and of all: their means
    assert merged.refused.tolist() == []
    assert merged.positives().histories(None, np.array(["cake", "jam", "tea"])).repeats


def test_the_last_word_counts_and_what_was_refused_is_kept_apart(say):
    path = say(
        ("a", "ann", "tea", True, "cake"),
        ("a", "ann", "jam", True, "cake"),
        ("b", "ann", "jam", False, "tea"),
        ("c", "bob", "tea", False, "cake"),
        ("d", "cyd", "tea", False),
        ("e", "cyd", "tea", True, "jam"),
    )
    merged = with_feedback(SHOP, path, max_share=1)
    assert added(merged, SHOP) == {(3, 4): ["cake", "tea"], (4, 5): ["jam", "tea"]}
    assert merged.refused.tolist() == [[3, "jam"]]  # bob bought nothing: the data does not know him


def test_baskets_without_customers_stay_without(say):
    path = say(
        ("a", "ann", "tea", True, "cake"), ("b", "ann", "cake", True, "tea"), ("c", "ann", "cake", False)
    )
    merged = with_feedback(BASKETS, path, max_share=1)
    assert not merged.has_customers
    assert added(merged, BASKETS) == {(3, 3): ["cake", "tea"]}
    assert merged.refused.tolist() == [[3, "cake"]]
    assert merged.rating is None
    assert merged.timestamp is None
    text = Interactions(BASKETS.user_id.astype(str), BASKETS.item_id, order_id=BASKETS.order_id.astype(str))
    merged = with_feedback(text, path, weight=2, max_share=1)
    assert merged.page_users.tolist() == ["page:ann/1", "page#2:ann/1"]
    assert _numbered(["ann", "bob", "ann"]) == ["ann/1", "bob/1", "ann/2"]


@pytest.mark.parametrize(("share", "weight", "orders"), [(0.1, 1, 4), (0.1, 2, 2), (0.01, 1, 1)])
def test_few_orders_are_added_to_an_item_whoever_gives_them(say, caplog, share, weight, orders):
    ids = np.arange(40)
    baskets = Interactions(ids, np.array(["tea"] * 20 + ["jam"] * 20), name="forty", order_id=ids)
    # Ann accepts tea again and again: that is one order, of the last of her lists.
    thumbs = [(f"list {number}", "ann", "tea", True, "jam") for number in range(3)]
    thumbs += [(f"list {number}", f"u{number}", "tea", True, "jam") for number in range(3, 9)]
    merged = with_feedback(baskets, say(*thumbs), weight, share)
    for item in ("tea", "jam"):
        assert (merged.item_id == item).sum() == 20 + orders * weight
    assert f"an item may stand in {orders} of them, {share:g} of the 40 users of forty" in caplog.text


def test_items_of_another_catalog_are_left_out_with_a_warning(say, caplog):
    path = say(("a", "ann", "tea", True, "old"), ("b", "ann", "new", True, "tea"), ("b", "ann", "old", False))
    merged = with_feedback(SHOP, path, max_share=1)
    assert added(merged, SHOP) == {(3, 4): ["tea"]}
    assert "dataset.feedback: 2 items are not in shop and left out" in caplog.text


def test_ratings_in_orders_become_the_highest(say):
    rated = Interactions(
        BASKETS.user_id, BASKETS.item_id, np.array([1.0, 5.0, 4.0]), order_id=BASKETS.order_id
    )
    merged = with_feedback(rated, say(("a", "ann", "tea", True, "cake")), max_share=1)
    assert merged.rating.tolist() == [1.0, 5.0, 4.0, 5.0, 5.0]


def test_without_orders_and_ratings_what_was_refused_is_kept_apart(say):
    plain = Interactions(np.array([1, 2]), np.array(["tea", "cake"]))
    merged = with_feedback(
        plain, say(("a", "ann", "tea", True, "cake"), ("a", "ann", "cake", False)), max_share=1
    )
    assert merged.user_id.tolist() == [1, 2, 3]
    assert merged.item_id.tolist() == ["tea", "cake", "tea"]
    assert merged.refused.tolist() == [[3, "cake"]]


def test_a_file_of_baskets_reads_it(say, tmp_path):
    path = tmp_path / "baskets.csv"
    path.write_text("user_id,item_id\n1,tea\n1,cake\n2,tea\n")
    dataset = CsvDataset(str(path), layout="baskets", feedback=say(("a", "ann", "tea", True, "cake")))
    merged = dataset.load()
    assert (merged.user_id.tolist(), merged.page_users.tolist()) == ([1, 1, 2, 3, 3], [3])
    assert merged.items.nouns.verb == "bought"
