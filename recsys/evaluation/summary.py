"""Figures that sum up the rules of a run."""

from __future__ import annotations

from recsys.data.transactions import TransactionSet
from recsys.metrics import MAX_LIFT
from recsys.mining import FrequentItemsets
from recsys.rules import Rules

METRICS = (
    "n_transactions",
    "n_items",
    "n_itemsets",
    "n_rules",
    MAX_LIFT,
    "mean_lift",
    "max_confidence",
)


def summarise(transactions: TransactionSet, itemsets: FrequentItemsets, rules: Rules) -> dict[str, float]:
    """Sum a run up in `METRICS`: finite numbers; without rules the three measures are 0."""
    lift = rules.measure("lift")
    confidence = rules.measure("confidence")
    any_rules = len(rules) > 0
    return {
        "n_transactions": transactions.n_transactions,
        "n_items": transactions.n_items,
        "n_itemsets": len(itemsets),
        "n_rules": len(rules),
        MAX_LIFT: float(lift.max()) if any_rules else 0.0,
        "mean_lift": float(lift.mean()) if any_rules else 0.0,
        "max_confidence": float(confidence.max()) if any_rules else 0.0,
    }
