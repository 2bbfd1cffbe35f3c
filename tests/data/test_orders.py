"""Orders of customers: from arrays to transactions, histories and splits."""

from dataclasses import replace

import numpy as np
import pytest

from recsys import pipeline
from recsys.data import Interactions
from recsys.data.histories import Histories
from recsys.datasets import Dataset, resolve_duplicates
from recsys.errors import ParameterError
from recsys.evaluation import GlobalTime, LeaveOut, NoSplit, UserHoldout, UserShare
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing, encode
from recsys.recommenders import ItemKNNRecommender, RuleRecommender
from recsys.rules import Apriori

# (user, order, item): ann buys bread in two of three orders.
LINES = [
    ("ann", 1, "bread"), ("ann", 1, "milk"), ("ann", 2, "tea"), ("ann", 7, "bread"), ("ann", 7, "jam"),
    ("bob", 1, "milk"), ("bob", 3, "bread"), ("bob", 3, "tea"),
]  # fmt: skip
ALL = Preprocessing(transaction="user", likes="all")
BY_ORDER = Preprocessing(likes="all", transaction="order")


def make(lines=LINES, **columns):
    """Make interactions of (user, order, item) lines, in another order than given."""
    rows = np.random.default_rng(3).permutation(len(lines))
    user, order, item = (np.array(column)[rows] for column in zip(*lines, strict=True))
    others = {name: np.asarray(column)[rows] for name, column in columns.items()}
    return Interactions(user, item, order_id=order, **others)


def rows(transactions):
    """Return the transactions as sets of items."""
    return [set(transactions.items[row].tolist()) for row in transactions.matrix.toarray()]


class InMemory(Dataset):
    def __init__(self, interactions):
        self.interactions = interactions

    def fingerprint(self):
        return (id(self.interactions),)

    def load(self):
        return self.interactions


def test_lines_are_sorted_by_user_order_and_item():
    interactions = make(quantity=np.arange(8), price=np.full(8, 0.5), margin=np.arange(8) / 10)
    columns = (interactions.user_id, interactions.order_id, interactions.item_id)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == LINES
    assert interactions.quantity.tolist() == list(range(8))
    assert interactions.price.tolist() == [0.5] * 8
    assert interactions.margin.tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert interactions.has_customers


def test_the_digest_depends_on_orders_and_amounts():
    assert make().digest == make().digest
    other_order = [*LINES[:-1], ("bob", 4, "tea")]
    digests = {
        make().digest,
        make(other_order).digest,
        make(quantity=range(8)).digest,
        make(price=range(8)).digest,
        make(margin=range(8)).digest,
    }
    assert len(digests) == 5


def test_a_basket_without_a_customer_is_its_own_user():
    ids, items = np.array([2, 1, 1]), np.array([5, 9, 3])
    baskets = Interactions(ids, items, order_id=ids)
    assert not baskets.has_customers
    assert baskets.digest == Interactions(ids, items).digest
    for preprocessing in (ALL, BY_ORDER):
        positives = preprocessing.filter(baskets)
        assert positives.order is None
        transactions = encode(positives, preprocessing.transaction)
        assert transactions.ids.tolist() == [1, 2]
        assert rows(transactions) == [{3, 9}, {5}]


def test_a_transaction_is_all_that_a_user_bought_or_one_order():
    assert rows(encode(ALL.filter(make()))) == [{"bread", "jam", "milk", "tea"}, {"bread", "milk", "tea"}]
    orders = [{"bread", "milk"}, {"tea"}, {"bread", "jam"}, {"milk"}, {"bread", "tea"}]
    assert rows(encode(BY_ORDER.filter(make()), "order")) == orders


@pytest.mark.parametrize(
    ("preprocessing", "kept"),
    [
        (replace(ALL, min_length=4), [("ann", 1), ("ann", 2), ("ann", 7)]),
        (replace(ALL, max_length=3), [("bob", 1), ("bob", 3)]),
        (Preprocessing(likes="all", min_length=2, transaction="order"), [("ann", 1), ("ann", 7), ("bob", 3)]),
    ],
)
def test_the_length_of_a_transaction_counts_different_items(preprocessing, kept):
    lines = {(user, order): [] for user, order, _ in LINES}
    for user, order, item in LINES:
        lines[user, order].append(item)
    expected = sorted((user, item) for user, order in kept for item in lines[user, order])
    found = preprocessing.filter(make())
    assert sorted(zip(found.user_id.tolist(), found.item_id.tolist(), strict=True)) == expected


def test_data_without_orders_has_no_transactions_per_order():
    with pytest.raises(
        ParameterError,
        match=r"preprocessing\.transaction must be user for films, which has no orders. Got 'order'. "
        r"Set preprocessing\.transaction=user\.",
    ):
        BY_ORDER.filter(Interactions([1], [2], name="films"))


def test_orders_of_customers_are_sorted_by_time_or_by_number():
    lines = [("ann", "x", "a"), ("ann", "x", "b"), ("ann", "c", "d"), ("ann", "c", "e"), ("bob", "c", "a")]
    with pytest.raises(
        ParameterError, match=r"order_id must be integers that ascend in time.* Give the timestamps"
    ):
        make(lines)
    positives = make(lines, timestamp=[5, 9, 12, 11, 1]).positives()
    assert positives.timestamp.tolist() == [11, 11, 5, 5, 1], "the first of its order"
    assert positives.order.tolist() == [1, 1, 0, 0, 2]


def test_a_step_is_an_order_and_an_item_can_come_again():
    items = np.array(["bread", "jam", "milk", "tea"])
    histories = ALL.filter(make()).histories(None, items)
    steps = [[set(items[step]) for step in histories.steps_of(user)] for user in range(2)]
    assert steps == [[{"bread", "milk"}, {"tea"}, {"bread", "jam"}], [{"milk"}, {"bread", "tea"}]]
    assert histories.ages.tolist() == [3, 3, 2, 0, 0, 2, 0, 0]
    assert histories.latest.ages.tolist() == [3, 2, 0, 0, 2, 0, 0]
    assert [set(items[step]) for step in histories.latest.steps_of(0)] == [
        {"milk"},
        {"tea"},
        {"bread", "jam"},
    ]
    assert histories.matrix.toarray().tolist() == [[1, 1, 1, 1], [1, 0, 1, 1]]
    assert histories[1:].ages.tolist() == [2, 0, 0]


def sequences(n_users=30, n_orders=6):
    """Orders of three items, whose times are those of their first line."""
    lines = [
        (user, 10 * order, (user + 2 * order + place) % 23)
        for user in range(n_users) for order in range(n_orders) for place in range(3)
    ]  # fmt: skip
    times = [100 * (order // 10) + user + 7 * (item % 3) for user, order, item in lines]
    return make(lines, timestamp=times)


@pytest.mark.parametrize(
    "evaluation",
    [UserShare(), LeaveOut(), LeaveOut(n_held_out=2), UserHoldout(held_out_size=0.4), GlobalTime()],
    ids=lambda evaluation: type(evaluation).__name__,
)
def test_a_split_by_time_keeps_orders_whole(evaluation):
    positives = ALL.candidates(sequences())
    parts = evaluation.split(positives)
    for train, holdout in [(parts.train, parts.validation), (parts.train_and_validation, parts.test)]:
        held_out = set(holdout.held_out.order.tolist())
        assert held_out
        assert not held_out & {*train.order.tolist(), *holdout.visible.order.tolist()}
        for user in holdout.users.tolist():
            latest = max(holdout.visible.timestamp[holdout.visible.user_id == user])
            assert latest <= min(holdout.held_out.timestamp[holdout.held_out.user_id == user])


def test_the_last_orders_are_counted_not_the_last_items():
    positives = ALL.candidates(sequences(n_users=2))
    test = LeaveOut(n_held_out=2).split(positives).test
    assert np.unique(test.held_out.order).tolist() == [4, 5, 10, 11]
    # Of 6 orders the largest number c with c / 6 <= 0.4 is 2.
    assert np.unique(
        UserShare(test_size=0.4, validation_size=0.4).split(positives).test.held_out.order
    ).tolist() == [4, 5, 10, 11]
    assert len(LeaveOut(order="random").split(positives).test.held_out) == 2, "single items"


@pytest.mark.parametrize("preprocessing", [ALL, BY_ORDER])
def test_a_run_on_orders(preprocessing):
    parts = preprocessing, Apriori(min_support=0.05), BitsetEngine(), ItemsetCache(enabled=False)
    for recommender in (RuleRecommender(), ItemKNNRecommender()):
        experiment = Experiment(InMemory(sequences()), *parts, recommender, LeaveOut(cutoffs=[3]))
        result = pipeline.run(experiment)
        assert result.transactions.n_transactions == (30 if preprocessing is ALL else 30 * 4)
        assert result.ranking.metrics["recall@3"] > 0
        prepared = pipeline.prepare(experiment, "test")
        for user in range(len(prepared.targets)):
            assert not {*prepared.targets.known.of(user)} & {*prepared.histories.of(user)}, "new to the user"


def test_recommenders_read_an_item_once_at_its_latest_step():
    interactions = sequences()
    experiment = (ALL, Apriori(min_support=0.05), BitsetEngine(), ItemsetCache(enabled=False))
    prepared, model = pipeline.learn(
        Experiment(InMemory(interactions), *experiment, RuleRecommender(weight="jaccard"), NoSplit())
    )
    once = prepared.train.latest
    assert len(once.item_indices) < len(prepared.train.item_indices)
    scores = model.scores(prepared.train)
    assert np.array_equal(scores, model.scores(once))
    lists = [model.recommend(histories, 3).item_indices for histories in (prepared.train, once)]
    assert np.array_equal(*lists)
    counts = model.popularity.counts
    assert counts.tolist() == prepared.train.matrix.sum(axis=0).tolist()


def test_an_item_that_stands_twice_in_an_order_is_a_duplicate():
    twice = make([*LINES, ("ann", 7, "jam")])
    assert len(twice) == 9
    assert len(resolve_duplicates(twice, "first")) == 8
    assert len(resolve_duplicates(make(), "error")) == 8


def test_histories_of_repeats_keep_every_step():
    arrays = np.array([1, 1, 1]), np.array(["a", "b", "a"]), np.array([1, 1, 2])
    histories = Histories.from_pairs(*arrays, None, np.array(["a", "b"]), repeats=True)
    assert histories.item_indices.tolist() == [0, 1, 0]
    assert histories.latest.item_indices.tolist() == [1, 0]


def test_orders_of_one_moment_are_one_step_whatever_their_ids():
    lines = [
        ("ann", 1, "tea"), ("ann", 2, "jam"), ("ann", 2, "bread"), ("ann", 3, "bread"), ("ann", 3, "milk"),
    ]  # fmt: skip
    times = [10, 20, 20, 20, 20]
    items = np.array(["bread", "jam", "milk", "tea"])
    renamed = [(user, {1: 9, 2: 7, 3: 4}[order], item) for user, order, item in lines]
    for given in (lines, renamed):
        histories = ALL.filter(make(given, timestamp=times)).histories(None, items)
        assert [items[step].tolist() for step in histories.steps_of(0)] == [["tea"], ["bread", "jam", "milk"]]
        assert histories.ages.tolist() == [3, 0, 0, 0]
        assert len(encode(BY_ORDER.filter(make(given, timestamp=times)), "order").ids) == 3


def test_orders_of_one_moment_are_held_out_by_chance():
    lines = [(user, order, item) for user in range(100) for order in (1, 2) for item in (order, 3)]
    positives = ALL.candidates(make(lines, timestamp=np.zeros(len(lines))))
    holdout = LeaveOut().hold_out(positives, "test")[1]
    held_out = holdout.held_out.item_id[holdout.held_out.item_id != 3]
    assert 30 < np.count_nonzero(held_out == 1) < 70
    assert holdout.n_cut_in_tie(holdout.users) == 100


def test_what_a_customer_has_rated_in_an_order_is_not_new():
    # The tea that ann disliked at first, and likes in her last order.
    lines = [("ann", 1, "tea"), ("ann", 2, "milk"), ("ann", 3, "tea"), ("ann", 3, "jam"), ("bob", 1, "jam")]
    lines += [("bob", 2, "tea"), ("bob", 3, "milk")]
    ratings = make(lines, rating=[1, 5, 5, 5, 5, 5, 5])
    prepared = pipeline.prepare(
        Experiment(InMemory(ratings), Preprocessing(), None, None, None, None, LeaveOut()), "test"
    )
    items = prepared.train.items
    assert prepared.targets.n_relevant.tolist() == [1, 1]
    assert [items[prepared.seen.of(user)].tolist() for user in range(2)] == [["milk", "tea"], ["jam", "tea"]]
    assert [items[prepared.histories.of(user)].tolist() for user in range(2)] == [["milk"], ["jam", "tea"]]
