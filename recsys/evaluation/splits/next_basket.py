"""Split by order: predict all items of each customer's last order."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout, Split
from recsys.evaluation.splits.evaluation import Evaluation, Part
from recsys.evaluation.splits.parts import order_likes
from recsys.parameters import require_integer

_FEWEST = 3  # orders: two that are held out and a visible one


@dataclass(frozen=True, kw_only=True)
class NextBasket(Evaluation):
    """Hold out the last order of each customer: the test part; the one before is the validation part.

    The targets are all items of that order, and all earlier orders are visible. What was bought before may
    be recommended and counts as a hit: next basket recommendation [1]_. Customers with too few orders are
    training data only, so both parts measure the same customers. Orders of one moment are ordered at random.

    Parameters
    ----------
    min_orders : int
        Number of orders that a customer needs to be measured, at least 3: two that are held out and a
        visible one. [1]_ also requires 3.

    References
    ----------
    .. [1] Li, Jullien, Ariannezhad and de Rijke (2023). A next basket recommendation reality check.
       ACM TOIS 41(4).
    """

    repeats: ClassVar[bool] = True

    min_orders: int = _FEWEST

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("min_orders", self.min_orders, minimum=_FEWEST)

    @property
    def is_by_time(self) -> bool:
        """Whether held-out orders are the latest ones."""
        return True

    def split(self, positives: Positives) -> Split:
        """Split the orders; raise ParameterError without customers who have enough of them."""
        customers = self._customers(positives)
        train_and_validation, test = self._last_orders(positives, customers, "test")
        train, validation = self._last_orders(train_and_validation, customers, "validation")
        return Split(train, validation, train_and_validation, test)

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the training data and the last order of each customer."""
        return self._last_orders(positives, self._customers(positives), part)

    def _customers(self, positives: Positives) -> npt.NDArray[Any]:
        """Return the ids of the customers with enough orders, ascending."""
        if positives.order is None:
            raise _refused("another one for data without orders of customers")
        n_orders = order_likes(positives, "time", self.generator("test")).n_likes
        most = int(n_orders.max(initial=0))
        if most < _FEWEST:
            raise _refused(f"another one where no customer has {_FEWEST} orders; they have at most {most}")
        if most < self.min_orders:
            rule, cure = "at most the orders of some customer", f"Set evaluation.min_orders={most}."
            raise ParameterError("evaluation.min_orders", rule, self.min_orders, cure)
        return np.unique(positives.user_id)[n_orders >= self.min_orders]

    def _last_orders(
        self, positives: Positives, customers: npt.NDArray[Any], part: Part
    ) -> tuple[Positives, Holdout]:
        orders = order_likes(positives, "time", self.generator(part))
        measured = np.isin(positives.user_id, customers)
        last = measured & (orders.from_last == 0)
        holdout = Holdout(positives.select(measured & ~last), positives.select(last))
        return positives.select(~last), holdout


def _refused(rule: str) -> ParameterError:
    return ParameterError(
        "evaluation", rule, "next_basket", "Set evaluation=complete_basket, or evaluation=random."
    )
