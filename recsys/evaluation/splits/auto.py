"""The evaluation that fits the data."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from recsys.data import Interactions, Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.complete_basket import CompleteBasket
from recsys.evaluation.splits.evaluation import Evaluation, NoSplit, Part
from recsys.evaluation.splits.next_basket import NextBasket
from recsys.evaluation.splits.per_user import LeaveOut, UserShare

MIN_SHARE = 0.1  # of the customers, that are measured with next_basket

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AutoEvaluation(Evaluation):
    """The first evaluation for which the data suffice; `for_data` returns it and logs its name.

    With orders of customers, `NextBasket` where at least a tenth of the customers have enough orders; with
    orders, `CompleteBasket`. Otherwise the last fifth of each user's likes, by time where the data have
    times, or at random; or else the last like, or a random one. If nothing can be held out, `NoSplit`. See
    `Evaluation`.
    """

    repeats: ClassVar[bool] = True
    """They may count: the data decide."""

    def for_data(self, interactions: Interactions, candidates: Callable[[], Positives]) -> Evaluation:
        """Return the evaluation for some interactions, of which a function returns the candidates."""
        positives = candidates()
        n_customers = len(np.unique(positives.user_id))  # without users that feedback has added
        for name, evaluation in self._options(interactions):
            try:
                measured = evaluation.split(positives).test
            except ParameterError as error:
                log.debug("The evaluation %s does not fit: %s", name, error)
                continue
            if not evaluation.repeats or MIN_SHARE * n_customers <= len(measured):
                break
        rest = ". Rules are mined from what it does not hold out" if evaluation.holds_out else ""
        log.info("The evaluation that fits %s is %s%s", interactions.name or "the data", name, rest)
        return evaluation

    def for_engine(self) -> Evaluation:
        """Return none: an engine that holds the interactions only mines rules."""
        return self._none

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Raise NotImplementedError: the evaluation that `for_data` returns holds out."""
        raise NotImplementedError("Call for_data first.")

    @property
    def draws(self) -> bool:
        """Whether likes are drawn at random depends on the data."""
        return True

    @property
    def _shared(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(Evaluation)}

    @property
    def _none(self) -> Evaluation:
        return NoSplit(**self._shared)

    def _options(self, interactions: Interactions) -> list[tuple[str, Evaluation]]:
        """Return name in the configuration and evaluation of each option, the best first."""
        shared = self._shared
        if interactions.order_id is not None:
            next_basket = [("next_basket", NextBasket(**shared))] if interactions.has_customers else []
            return [*next_basket, ("complete_basket", CompleteBasket(**shared)), ("none", self._none)]
        if interactions.timestamp is None:
            last: list[tuple[str, Evaluation]] = [
                ("random", UserShare(order="random", **shared)),
                ("leave_random_out", LeaveOut(order="random", **shared)),
            ]
        else:
            last = [("temporal", UserShare(**shared)), ("leave_last_out", LeaveOut(**shared))]
        return [*last, ("none", self._none)]
