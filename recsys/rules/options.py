"""Options of rule generation."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.errors import ParameterError
from recsys.parameters import require_choice, require_integer, require_number
from recsys.rules.measures import METRICS
from recsys.rules.significance import CORRECTIONS

OVER_MAX_RULES = ("error", "keep_best")
LENGTHS = ("max_antecedent_len", "max_consequent_len")
ITEMS = ("antecedent_items", "consequent_items", "antecedent_contains", "consequent_contains")

Items = Collection[Hashable] | None


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """Which rules are kept.

    Parameters
    ----------
    metric : str
        The measure that `min_threshold` applies to and that orders rules; one of `recsys.rules.METRICS`.
    min_threshold : float
        A rule is kept if its metric is at least this; for `p_value`, where smaller is better, at most this.
    max_antecedent_len, max_consequent_len : int, optional
        Maximum number of items of a side; None: no limit.
    antecedent_items, consequent_items : collection of item ids, optional
        The only items allowed on that side.
    antecedent_contains, consequent_contains : collection of item ids, optional
        Items that must all be on that side.
    drop_redundant : bool
        Drop rules with an improvement of 0 or less: the confidence is no lower without some or all items of
        the antecedent. See `recsys.rules.measures.improvement`.
    alpha : float, optional
        Keep only rules that are significant at this level, in (0, 1), by Fisher's exact test, one-sided.
        All rules that lengths and items allow are tested, whatever their metric: testing only those that the
        same data selected would correct for too few tests.
    correction : {"holm", "benjamini_hochberg", "none"}
        Correction for multiple tests; see `recsys.rules.adjust_p_values`.
    max_rules : int, optional
        Maximum number of rules.
    over_max_rules : {"error", "keep_best"}
        If there are more: raise an error, or keep the best by the metric, ties by items, and log a warning.
        Neither holds all rules in memory.

    Raises
    ------
    ParameterError
        If a value is invalid, or two of the lists of items contradict each other.
    """

    metric: str = "lift"
    min_threshold: float = 0.0
    max_antecedent_len: int | None = None
    max_consequent_len: int | None = None
    antecedent_items: Items = None
    consequent_items: Items = None
    antecedent_contains: Items = None
    consequent_contains: Items = None
    drop_redundant: bool = False
    alpha: float | None = None
    correction: str = "holm"
    max_rules: int | None = None
    over_max_rules: str = "error"

    def __post_init__(self) -> None:
        require_choice("metric", self.metric, METRICS)
        require_number("min_threshold", self.min_threshold)
        if not isinstance(self.drop_redundant, bool):
            raise ParameterError("drop_redundant", "true or false", self.drop_redundant)
        if self.alpha is not None and not 0 < require_number("alpha", self.alpha) < 1:
            raise ParameterError("alpha", "a number in (0, 1)", self.alpha)
        require_choice("correction", self.correction, CORRECTIONS)
        for name in (*LENGTHS, "max_rules"):
            if getattr(self, name) is not None:
                require_integer(name, getattr(self, name), minimum=1)
        require_choice("over_max_rules", self.over_max_rules, OVER_MAX_RULES)
        for name in ITEMS:
            object.__setattr__(self, name, _require_items(name, getattr(self, name)))
        for side, other in (("antecedent", "consequent"), ("consequent", "antecedent")):
            allowed, required = getattr(self, f"{side}_items"), getattr(self, f"{side}_contains")
            elsewhere = getattr(self, f"{other}_contains") or ()
            for item in required or ():
                if allowed is not None and item not in allowed:
                    raise ParameterError(f"{side}_contains", f"among {side}_items", item)
                if item in elsewhere:
                    raise ParameterError(f"{side}_contains", f"without the items of {other}_contains", item)

    def antecedent_lengths(self, length: int) -> range:
        """Return the lengths that an antecedent may have in an itemset of some length."""
        shortest = max(1, length - (self.max_consequent_len or length))
        return range(shortest, min(length - 1, self.max_antecedent_len or length) + 1)

    @property
    def needs_improvement(self) -> bool:
        """Whether the improvement of candidate rules is computed."""
        return self.drop_redundant or self.metric == "improvement"


def _require_items(parameter: str, value: Any) -> Items:
    """Return a list of item ids as a tuple without repetitions, or None."""
    if value is None:
        return None
    rule = "a list of at least one item id"
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise ParameterError(parameter, rule, value)
    ids = list(value)
    if not ids or any(isinstance(item, bool) or not isinstance(item, Hashable) for item in ids):
        raise ParameterError(parameter, rule, value)
    return tuple(dict.fromkeys(item.item() if isinstance(item, np.generic) else item for item in ids))
