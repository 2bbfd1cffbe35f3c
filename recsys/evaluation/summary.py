"""Metrics of the rules of a run."""

from recsys.data import TransactionSet
from recsys.metrics import MAX_LIFT
from recsys.mining import FrequentItemsets
from recsys.rules import Rules

METRICS = ("n_transactions", "n_items", "n_itemsets", "n_rules", MAX_LIFT, "mean_lift", "max_confidence")


def summarise(transactions: TransactionSet, itemsets: FrequentItemsets, rules: Rules) -> dict[str, float]:
    """Return `METRICS`, all finite; without rules the three measures are 0."""
    lift, confidence = rules.measures(("lift", "confidence")).values()
    counts = transactions.n_transactions, transactions.n_items, len(itemsets), len(rules)
    measures = (lift.max(), lift.mean(), confidence.max()) if len(rules) else (0.0, 0.0, 0.0)
    return dict(zip(METRICS, (*counts, *map(float, measures)), strict=True))
