"""Repeat the protocol of Li et al. on orders of customers: python scripts/next_basket_reality_check.py.

Li, Jullien, Ariannezhad and de Rijke, "A next basket recommendation reality check", ACM TOIS 41(4), 2023,
with the code at github.com/liming-7/A-Next-Basket-Recommendation-Reality-Check. The last order of each
customer is the target. 20% of the customers are test customers; TIFUKNN finds neighbours among 90% of the
others (the rest was for tuning), UP-CF and popularity see the history of every customer. The test customers
of the five splits are disjoint here, so that each customer is tested once. Hyper-parameters are those that
Li et al. give for Ta-Feng, the defaults of our recommenders. Their NDCG divides by the gain of all items of
the order, also beyond k; recall and hit rate (PHR) of repeats and of new items are means over the customers
who have such targets.

`code` are the figures that their code gives for Ta-Feng on three random splits, in the public re-run at
github.com/NilsLeo/A-Next-Basket-Recommendation-Reality-Check (pipeline/eval_*_results.txt, data "original").
In their code of UP-CF, 1000 is added to the denominator of each similarity: to the power of 10 the
neighbours have no effect on the customer's own items, and those of equal frequency come in the order in
which NumPy's unstable argsort leaves them. "UP-CF, ties as theirs" ranks them so.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, Interactions, Positives
from recsys.evaluation import Holdout, NextBasket, evaluate
from recsys.preprocessing import Preprocessing
from recsys.recommenders import (
    MODEL,
    Model,
    PersonalFrequencyRecommender,
    PopularityRecommender,
    Recommendations,
    TIFUKNNRecommender,
    UPCFRecommender,
)
from recsys.recommenders.up_cf import UPCFModel

ORDERS = Path(os.environ.get("RECSYS_DATA_DIR", "../shared/data"), "ta-feng", "orders.csv.gz")
K = 10
METRICS = (
    "recall", "ndcg of Li", "ndcg", "hit_rate", "repeat_share", "recall_repeat", "recall_new",
    "hit_rate_repeat", "hit_rate_new",
)  # fmt: skip
CODE = {
    "UP-CF": (0.1156, 0.0982, None, 0.3796, 0.9268, 0.5556, 0.0036, 0.7153, 0.0081),
    "TIFUKNN": (0.1226, 0.0998, None, 0.3906, 0.9269, 0.5638, 0.0130, 0.7107, 0.0237),
}


class UPCFTiesAsTheirs(UPCFModel):
    """UP-CF with the customer's own items first, by frequency, those of equal frequency in any order."""

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists."""
        own, scores = self.profiles(histories).toarray(), self.scores(histories)
        scores = np.where(own > 0, 1 + own, scores / (1 + scores.max()))
        lists.item_indices[:] = scores.argsort(axis=1)[:, : -lists.k - 1 : -1]
        lists.scores[:] = np.take_along_axis(scores, lists.item_indices, axis=1)
        lists.sources[:] = MODEL


def fitted(everybody: Histories, train: Histories) -> dict[str, Model]:
    """Return the models by name."""
    up_cf = UPCFRecommender().fit(everybody)
    return {
        "G-TopFreq": PopularityRecommender().fit(everybody),
        "P-TopFreq": PersonalFrequencyRecommender(fill="none").fit(everybody),
        "GP-TopFreq": PersonalFrequencyRecommender().fit(everybody),
        "UP-CF": up_cf,
        "UP-CF, ties as theirs": UPCFTiesAsTheirs.from_state(everybody, up_cf.state()),
        "TIFUKNN": TIFUKNNRecommender().fit(train),
    }


def read(path: Path) -> Positives:
    """Read a file with the columns customer, number of the order, and item, and a header."""
    customer, order, item = np.loadtxt(path, np.int64, delimiter=",", skiprows=1, usecols=(0, 1, 2)).T
    return Preprocessing(likes="all").candidates(Interactions(customer, item, order_id=order))


def splits(users: npt.NDArray[np.int64], n: int, seed: int) -> Iterator[tuple[npt.NDArray[np.int64], ...]]:
    """Yield the training and the test customers of each split."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(users)
    for test in np.array_split(shuffled, n):
        others = rng.permutation(np.setdiff1d(users, test))
        yield np.sort(others[: int(0.9 * len(others))]), np.sort(test)


def measure(model: Model, everybody: Histories, last: Holdout, test: Histories) -> list[float]:
    """Return the metrics of a model for the test customers."""
    lists = model.recommend(test, K, Histories.empty(test.users, test.items))
    chosen = (part.select(np.isin(part.user_id, test.users)) for part in (last.visible, last.held_out))
    targets = Holdout(*chosen, repeats=True).targets(test.items)
    result = evaluate(lists, targets, everybody, [K])
    gains = np.cumsum(1 / np.log2(np.arange(2, targets.n_relevant.max() + K + 2)))
    of_all = gains[np.minimum(targets.n_relevant, K) - 1] / gains[targets.n_relevant - 1]
    metrics = result.metrics | {f"ndcg of Li@{K}": float(np.mean(result.per_user[f"ndcg@{K}"] * of_all))}
    return [metrics.get(f"{metric}@{K}", float("nan")) for metric in METRICS]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the metrics of each recommender, and of the code of Li et al."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("orders", nargs="?", type=Path, default=ORDERS, help=f"default: {ORDERS}")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    history, last = NextBasket().hold_out(read(options.orders), "test")
    items = np.unique(history.item_id)
    print(f"| at {K} | {' | '.join(METRICS)} |\n|---|{'---|' * len(METRICS)}")
    everybody = history.histories(None, items)
    found: dict[str, list[list[float]]] = {}
    for train, test in splits(last.users, options.splits, options.seed):
        asked = history.histories(test, items)
        for name, model in fitted(everybody, history.histories(train, items)).items():
            found.setdefault(name, []).append(measure(model, everybody, last, asked))
    for name, rows in found.items():
        print(f"| {name} | {' | '.join(f'{value:.4f}' for value in np.mean(rows, axis=0))} |")
    for name, values in CODE.items():
        print(f"| {name}, code | {' | '.join('' if one is None else f'{one:.4f}' for one in values)} |")


if __name__ == "__main__":
    main()
