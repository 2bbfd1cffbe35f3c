"""Selection of candidate rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.parameters import require_choice, require_integer, require_number
from recsys.rules.measures import METRICS, SMALLER_IS_BETTER
from recsys.rules.rules import Rules
from recsys.rules.significance import CORRECTIONS

OVER_MAX_RULES = ("error", "keep_best")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Thresholds, tests and limits of rules; see `recsys.rules.generate_rules` for the parameters.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
    """

    metric: str = "lift"
    min_threshold: float = 0.0
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
        if self.max_rules is not None:
            require_integer("max_rules", self.max_rules, minimum=1)
        require_choice("over_max_rules", self.over_max_rules, OVER_MAX_RULES)

    @property
    def needs_improvement(self) -> bool:
        """Whether the improvement of candidates is computed."""
        return self.drop_redundant or self.metric == "improvement"

    def keep(self, candidates: Rules, largest_p_value: float | None) -> tuple[Rules, npt.NDArray[np.float64]]:
        """Return the candidates that are kept, with their scores: the metric, so signed that more is better.

        Parameters
        ----------
        candidates : Rules
        largest_p_value : float or None
            Rules with a larger one are dropped.
        """
        sign = -1.0 if self.metric in SMALLER_IS_BETTER else 1.0
        scores = sign * candidates.measure(self.metric)
        passed = scores >= sign * self.min_threshold
        if not passed.all():
            candidates, scores = candidates[passed], scores[passed]
        # The more expensive the check, the later it comes.
        if largest_p_value is not None:
            passed = candidates.measure("p_value") <= largest_p_value
            candidates, scores = candidates[passed], scores[passed]
        if self.drop_redundant:
            passed = candidates.measure("improvement") > 0
            candidates, scores = candidates[passed], scores[passed]
        return candidates, scores
