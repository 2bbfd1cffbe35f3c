"""From interactions to training data and evaluation targets."""

import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, Interactions, InteractionSet, Positives, TransactionSet
from recsys.data.lists import find_list
from recsys.datasets import Dataset
from recsys.evaluation.beyond_accuracy import encode_categories
from recsys.evaluation.holdout import Holdout, Split, Targets
from recsys.evaluation.splits.evaluation import Evaluation, Part
from recsys.preprocessing import Preprocessing, encode

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Training data, as transactions and as histories over the same items, and evaluation targets.

    With `preprocessing.levels`, the transactions hold categories, too, and `train` has their hierarchy.
    `histories` are the visible likes of the evaluated users, `seen` what is not recommended to them: all that
    they have rated before the first held-out like, or nothing where the evaluation `repeats`. `n_cut_in_tie`
    is the number of users whose held-out part begins among likes of one moment; None where likes are not held
    out by time.
    """

    interactions: InteractionSet
    transactions: TransactionSet
    train: Histories
    histories: Histories
    seen: Histories
    targets: Targets
    categories: npt.NDArray[np.bool_]
    n_cut_in_tie: int | None

    @classmethod
    def for_mining(cls, interactions: InteractionSet, transactions: TransactionSet) -> "Prepared":
        """Return transactions without histories and targets: of no user, over the same items."""
        items = transactions.items
        nobody = Histories.empty(np.empty(0, np.int64), items)
        targets, categories = Targets(nobody, np.empty(0, np.int64)), encode_categories([()] * len(items))
        return cls(interactions, transactions, nobody, nobody, nobody, targets, categories, None)


# The trials of a sweep read the same interactions and parts: the last of each are kept.
def load(dataset: Dataset) -> Interactions:
    """Return the interactions of a dataset, from memory unless its files have changed."""
    return _load(dataset, dataset.fingerprint())


@lru_cache(maxsize=1)
def _load(dataset: Dataset, fingerprint: tuple[Any, ...]) -> Interactions:
    return dataset.load()


def prepare(
    interactions: Interactions, preprocessing: Preprocessing, evaluation: Evaluation, part: Part
) -> Prepared:
    """Choose the likes, hold some out, and encode the others as transactions.

    The evaluation is that of `choose_evaluation`.
    """
    preprocessing = preprocessing.for_data(interactions)
    kept = _prepared_from(interactions, preprocessing)
    if (evaluation, part) not in kept:
        while len(kept) > evaluation.n_folds:  # the folds of the validation part, and the test part
            del kept[next(iter(kept))]
        kept[evaluation, part] = _prepare(interactions, preprocessing, evaluation, part)
    return kept[evaluation, part]


@lru_cache(maxsize=1)
def _prepared_from(
    interactions: Interactions, preprocessing: Preprocessing
) -> dict[tuple[Evaluation, Part], Prepared]:
    return {}


def _prepare(
    interactions: Interactions, preprocessing: Preprocessing, evaluation: Evaluation, part: Part
) -> Prepared:
    split = _split(interactions, preprocessing, evaluation)
    train, evaluated = split.train, split.validation
    if part == "test":
        train, evaluated = split.train_and_validation, split.test
    # After the split, so that nothing held out influences the training data.
    train_with_page = _with_page(train, interactions, preprocessing, evaluation)
    likes = preprocessing.filter_train(train_with_page, preprocessing.excluded(interactions))
    holdout = evaluation.choose_likes(evaluated, train, preprocessing)
    transactions = encode(likes, preprocessing.transaction)
    items = transactions.items
    hierarchy = preprocessing.hierarchy(interactions, items)
    categories = interactions.items.categories_of(items) if interactions.items else [()] * len(items)
    return Prepared(
        interactions,
        transactions if hierarchy is None else hierarchy.extend(transactions),
        train=replace(
            likes.histories(None, items), item_values=likes.item_values(items), hierarchy=hierarchy
        ),
        histories=holdout.histories(items),
        seen=holdout.seen(items),
        targets=holdout.targets(items),
        categories=encode_categories(categories),
        n_cut_in_tie=evaluated.n_cut_in_tie(holdout.users) if evaluation.is_by_time else None,
    )


@lru_cache(maxsize=1)
def choose_evaluation(
    interactions: Interactions, preprocessing: Preprocessing, evaluation: Evaluation
) -> Evaluation:
    """Return the evaluation for the data; most are for any."""
    return evaluation.for_data(interactions, lambda: _candidates(interactions, preprocessing))


def held_out(interactions: Interactions, preprocessing: Preprocessing, evaluation: Evaluation) -> Holdout:
    """Return the likes of the test part; the evaluation is that of `choose_evaluation`."""
    preprocessing = preprocessing.for_data(interactions)
    split = _split(interactions, preprocessing, evaluation)
    return evaluation.choose_likes(split.test, split.train_and_validation, preprocessing)


@lru_cache(maxsize=1)
def _split(interactions: Interactions, preprocessing: Preprocessing, evaluation: Evaluation) -> Split:
    return evaluation.split(_candidates(interactions, preprocessing))


def _candidates(interactions: Interactions, preprocessing: Preprocessing) -> Positives:
    """Return the candidates for likes of the users of the data."""
    candidates = preprocessing.candidates(interactions)
    return candidates.select(~_from_page(interactions, candidates))


def _from_page(interactions: Interactions, candidates: Positives) -> npt.NDArray[np.bool_]:
    """Return which candidates are of users that feedback has added, shape (n_candidates,)."""
    if interactions.page_users is None:
        return np.zeros(len(candidates), dtype=np.bool_)
    return np.isin(candidates.user_id, interactions.page_users)


def _with_page(
    train: Positives, interactions: Interactions, preprocessing: Preprocessing, evaluation: Evaluation
) -> Positives:
    """Add the candidates of users that feedback has added to the training data."""
    if interactions.page_users is None:
        return train
    candidates = preprocessing.candidates(interactions)
    page = candidates.select(_from_page(interactions, candidates))
    return train.merge(evaluation.may_learn(page, train))


def warn_of_ties(prepared: Prepared) -> None:
    """Warn if chance, not time, decides what is held out for more than half of the users."""
    n_cut, n_users = prepared.n_cut_in_tie, len(prepared.targets)
    if n_cut is not None and 2 * n_cut > n_users:
        log.warning(
            "For %s of %s users the visible and the held-out items share a moment, and evaluation.seed "
            "decides which are held out. Give the data finer times, or set evaluation=random.",
            f"{n_cut:,}",
            f"{n_users:,}",
        )


def warn_of_single_items(transactions: TransactionSet, n_ratings: int) -> None:
    """Warn where every transaction holds one item, or items look like lists of others.

    `n_ratings` is the number of interactions before preprocessing and hold-out.
    """
    items = transactions.items.tolist() if transactions.items.dtype.kind in "UO" else []
    n = transactions.n_transactions
    alone = 1 < n == transactions.n_interactions
    if found := find_list(items, None if alone else set(items)):
        item, separator = found
        log.warning(
            "Some items look like lists: %r. If they are, write a row for each item of a transaction "
            "(in pandas: str.split(%r), then explode).", item, separator,
        )  # fmt: skip
    if alone:
        cure = "Hold out fewer (evaluation=none), or loosen the preprocessing (preprocessing=all)."
        if n_ratings == transactions.n_interactions:
            cure = "A file needs a row for each item of a transaction, with the id of that as the user's."
        log.warning("Each of the %s transactions holds one item: there can be no rules. %s", f"{n:,}", cure)
