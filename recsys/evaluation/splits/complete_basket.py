"""Split by basket: complete the latest, or random, orders from a part of each."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation.holdout import Holdout
from recsys.evaluation.splits.evaluation import ORDERS, Part, SizedEvaluation
from recsys.evaluation.splits.parts import largest_count, one_of, order_likes
from recsys.parameters import require_choice, require_integer, require_share
from recsys.recommenders import Recommender


@dataclass(frozen=True, kw_only=True)
class CompleteBasket(SizedEvaluation):
    """Hold out whole orders, show a part of each, and find the rest.

    A recommender knows nothing of a held-out order but its visible items: with customers, such an order
    counts as a new user with one order, and the other orders of the customer are training data. In data
    without orders a basket is all that a user likes. Held-out orders of one item are left out. Sizes are
    fractions of the orders; see `SizedEvaluation`.

    Parameters
    ----------
    hidden : float in (0, 1) or int
        Items of a held-out order that are hidden, as a fraction or as a number: at least one, and at least
        one stays visible. They are drawn at random.
    order : {"time", "random"} or None
        Orders that are held out: the latest, those of one moment drawn at random, or random ones. None is
        "time" where the data have times, otherwise "random".
    """

    hidden: float = 0.2
    order: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.hidden, int):
            require_integer("hidden", self.hidden, minimum=1)
        else:
            require_share("hidden", self.hidden)
        if self.order is not None:
            require_choice("order", self.order, ORDERS)

    def recommender_for(self, recommender: Recommender) -> Recommender:
        """Return a recommender that learns what completes a basket, if it can also learn something else."""
        completing_baskets = getattr(recommender, "completing_baskets", None)
        return recommender if completing_baskets is None else completing_baskets()

    def hold_out(self, positives: Positives, part: Part) -> tuple[Positives, Holdout]:
        """Return the other orders, and the visible and the hidden items of those held out."""
        generator = self.generator(part)
        basket, held_out = self._held_out(positives, part, generator)
        n_items = np.bincount(basket, weights=positives.candidates)[basket]
        if not (held_out & (n_items > 1)).any():
            rule = f"another one where all orders of the {part} part have a single item"
            raise ParameterError("evaluation", rule, "complete_basket", "Set evaluation=none.")
        baskets = _as_users(positives, basket, held_out & (n_items > 1))
        drawn = order_likes(baskets, "random", generator)
        hidden = drawn.from_last < self._n_hidden(drawn.n_likes)[drawn.user]
        return positives.select(~held_out), Holdout(baskets.select(~hidden), baskets.select(hidden))

    def _held_out(
        self, positives: Positives, part: Part, generator: np.random.Generator
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return the basket of each entry, from 0 on, and whether it is held out."""
        ids = positives.user_id if positives.order is None else positives.order
        baskets, basket = np.unique(ids, return_inverse=True)
        times = np.zeros(len(baskets), dtype=np.int64)
        if self.order == "time" and positives.timestamp is None:
            rule, cure = "random for data without timestamps", "Set evaluation.order=random."
            raise ParameterError("evaluation.order", rule, self.order, cure)
        if self.order != "random" and positives.timestamp is not None:
            times = np.full(len(baskets), np.iinfo(np.int64).max)
            np.minimum.at(times, basket, positives.timestamp)
        # Orders of one owner, who has them at these times: where all are at one moment, chance decides.
        owner = np.zeros(len(positives), dtype=np.int64)
        orders = replace(positives, user_id=owner, timestamp=times[basket], order=basket)
        drawn = order_likes(orders, "time", generator)
        n, size = int(drawn.n_likes[0]) if len(drawn.n_likes) else 0, self.size(part)
        n_held_out = int(largest_count(n, size))
        if not n_held_out:
            rule, key = f"large enough to hold out one of {n} orders", f"evaluation.{part}_size"
            cure = f"Set {key}={one_of(n)}, or evaluation=none." if n > 1 else "Set evaluation=none."
            raise ParameterError(key, rule, size, cure)
        return basket, drawn.from_last < n_held_out

    def _n_hidden(self, n_items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return how many of so many items are hidden."""
        if isinstance(self.hidden, int):
            return np.minimum(self.hidden, n_items - 1)
        return np.maximum(largest_count(n_items, self.hidden), 1)


def _as_users(positives: Positives, basket: npt.NDArray[np.intp], chosen: npt.NDArray[np.bool_]) -> Positives:
    """Return the chosen entries with each basket as a user of its own, who is none of the customers."""
    if positives.order is None:
        return positives.select(chosen)
    customers, baskets = positives.user_id, basket[chosen]
    users: npt.NDArray[Any] = np.char.add("order ", baskets.astype(np.str_))
    if customers.dtype.kind == "i":
        # Below all customers: the users that feedback adds are above them.
        users = int(customers.min()) - len(positives) + baskets
    own = replace(positives.select(chosen), user_id=users)
    return own.select(np.lexsort((own.item_id, users)))
