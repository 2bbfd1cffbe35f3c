"""The parameters of the Apriori method."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.parameters import require_choice, require_fraction, require_integer, require_number
from recsys.rules.measures import METRICS


@dataclass(frozen=True)
class Apriori:
    """What is frequent and which rules are kept (Agrawal and Srikant, VLDB 1994); the config group `apriori`.

    Parameters
    ----------
    min_support : float
        Fraction of the transactions, in (0, 1], that must hold an itemset for it to be frequent.
    max_len : int or None
        Longest itemset, antecedent and consequent together; None is no limit. With 1 there are no rules.
    metric : str
        The measure that decides on a rule; a key of `recsys.rules.METRICS`.
    min_threshold : float
        Smallest value of the metric that a rule is kept with.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
    """

    min_support: float
    max_len: int | None = None
    metric: str = "lift"
    min_threshold: float = 0.0

    def __post_init__(self) -> None:
        require_fraction("min_support", self.min_support)
        if self.max_len is not None:
            require_integer("max_len", self.max_len, minimum=1)
        require_choice("metric", self.metric, METRICS)
        require_number("min_threshold", self.min_threshold)
