"""Rule recommender: the consequents of rules whose antecedents are in a history."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.errors import ParameterError
from recsys.mining import FrequentItemsets
from recsys.parameters import require_at_least, require_choice, require_integer, require_positive
from recsys.recommenders.model import FloatArray, Model, Reason, State, rank_into
from recsys.recommenders.recommendations import RULE, Recommendations
from recsys.recommenders.rule_index import build_index, single_consequents
from recsys.recommenders.rule_weights import WEIGHTS, rule_weights
from recsys.rules import Rules
from recsys.rules.measures import MEASURES

if TYPE_CHECKING:
    from recsys.recommenders._rules_kernel import Index

IntArray = npt.NDArray[np.integer[Any]]

AGGREGATIONS = ("sum", "max", "mean_top_m", "noisy_or")
# Attributes of the itemsets and of the rules in a saved model.
ITEMSETS = ("parents", "last_items", "counts", "offsets", "n_transactions", "min_support", "max_len")
RULES = ("antecedents", "consequents", "itemsets", "metric", "min_threshold", "n_found")


@dataclass(frozen=True)
class RuleRecommender:
    """Recommend the consequents of the rules whose antecedents a user likes.

    A rule fires when all items of its antecedent are in the history. It contributes r w to the score of its
    consequent, w its weight and r its recency, 2^(-a / half_life), where a is the age of its oldest like: the
    number of likes of the user in later steps. Rules with several items in the consequent are not used.
    Values out of range raise ParameterError.

    Parameters
    ----------
    weight : str
        Weight of a rule: a measure of `recsys.rules.METRICS`, or damped_lift.
    damping : float
        Used by damped_lift: transactions that are added to the observed and to the expected count.
    alpha : float
        The weight is multiplied by (support count of the consequent)^-alpha. With weight=confidence, 1 ranks
        like lift.
    aggregation : {"sum", "max", "mean_top_m", "noisy_or"}
        How the contributions to an item become its score. mean_top_m is the mean of the `top_m` highest,
        missing ones counted as 0; noisy_or is -log of the probability that no rule holds.
    top_m : int
    half_life : float or None
        Later likes after which a like counts half; None: all count alike, as in data without times.

    Notes
    -----
    Confidence x popularity^-alpha, summed over the history, is the conditional probability-based similarity
    of Deshpande and Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 2004.

    Noisy-or is from Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988: with the rules as
    independent causes an item is liked with probability p = 1 - prod (1 - w)^r. The score is -log(1 - p),
    which ranks alike and distinguishes values that round to 1. Weights are divided by the highest if that is
    above 1, and limited to n / (n + 1): a rule that held n times of n may fail the next time.

    Rules with a weight of 0 or less are not used. See `rule_weights` for measures that are infinite.
    """

    weight: str = "jaccard"
    damping: float = 5.0
    alpha: float = 0.0
    aggregation: str = "noisy_or"
    top_m: int = 10
    half_life: float | None = 10.0

    def __post_init__(self) -> None:
        require_choice("weight", self.weight, WEIGHTS)
        require_at_least("damping", self.damping, 0)
        require_at_least("alpha", self.alpha, 0)
        require_choice("aggregation", self.aggregation, AGGREGATIONS)
        require_integer("top_m", self.top_m, minimum=1)
        if self.half_life is not None:
            require_positive("half_life", self.half_life)

    def fit(self, train: Histories, rules: Rules | None = None) -> "RuleModel":
        """Weigh and index the rules, which must be given and over the same items; see `Recommender`."""
        if rules is None or not np.array_equal(rules.source.items, train.items):
            raise ParameterError("rules", "mined from the transactions of the training part", rules)
        rules = single_consequents(rules)
        weights = rule_weights(rules, self.weight, self.damping, self.alpha)
        if self.aggregation == "noisy_or":
            weights = _as_evidence(weights, rules.source.n_transactions)
        positive = weights > 0
        if not positive.all():
            rules, weights = rules[positive], weights[positive]
        return RuleModel(train, self, rules, weights)

    @property
    def m(self) -> int:
        """Number of contributions to an item that count, the highest ones; 0 for all."""
        return {"max": 1, "mean_top_m": self.top_m}.get(self.aggregation, 0)


@dataclass(frozen=True, eq=False)
class RuleModel(Model):
    """Rules with one item in the consequent and a positive weight, weighted and indexed."""

    settings: RuleRecommender
    rules: Rules
    weights: FloatArray

    def state(self) -> State:
        """Return the recommender's parameters, the rules and their weights."""
        values = {name: getattr(self.rules, name) for name in RULES}
        values |= {name: getattr(self.rules.source, name) for name in ITEMSETS}
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        settings = {name: values[name] for name in values if name not in arrays}
        return State({"recommender": asdict(self.settings)} | settings, {"weights": self.weights} | arrays)

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model; the items of the itemsets are those of the training data."""
        values = {**state.settings, **state.arrays}
        source = FrequentItemsets(items=train.items, **{name: values[name] for name in ITEMSETS})
        rules = Rules(source, **{name: values[name] for name in RULES})
        return cls(train, RuleRecommender(**values["recommender"]), rules, values["weights"])

    def __post_init__(self) -> None:
        _ = self.index, self.popularity  # part of fitting

    @cached_property
    def index(self) -> "Index":
        """The rules by antecedent."""
        return build_index(self.rules, self.weights)

    def fill(self, lists: Recommendations, histories: Histories, exclude_seen: bool) -> None:
        """Fill empty lists by rules, then by popularity, marked as fallback."""
        scores, items = self._scores_of_consequents(histories), self.index.items
        rank_into(lists, scores, histories, exclude_seen, self.popularity, items, RULE)

    def scores(self, histories: Histories) -> FloatArray:
        """Return the score of each item for each user, shape (n_users, n_items); 0 where no rule fires."""
        scores = np.zeros((len(histories), histories.n_items))
        scores[:, self.index.items] = self._scores_of_consequents(histories)
        return scores

    def _scores_of_consequents(self, histories: Histories) -> FloatArray:
        from recsys.recommenders._rules_kernel import score_all

        latest = histories.latest
        scores = np.empty((len(latest), len(self.index.items)))
        likes = latest.offsets, latest.item_indices, self._recency(latest)
        score_all(self.index, *likes, self.settings.m, scores)
        return scores

    def _recency(self, histories: Histories) -> FloatArray:
        if self.settings.half_life is None or self.train.steps is None:
            return np.ones(len(histories.item_indices))
        return np.exp2(-histories.ages / self.settings.half_life)

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items, the strongest first.

        The share of a rule is that of its contribution in the sum of those that count: all for sum and
        noisy_or, the highest for max, the `top_m` highest for mean_top_m; the others have a share of 0. If no
        rule fired, the reason is the popularity of the item.
        """
        from recsys.recommenders._rules_kernel import fired, strongest

        latest, once = history.latest, list(dict.fromkeys(items))
        liked = np.full(len(self.items), -1.0)
        liked[latest.item_indices] = self._recency(latest)
        groups = np.full(len(self.items) + 1, -1)  # the last place is that of -1, which is no item
        groups[once] = np.arange(len(once))
        groups = groups[self.index.items]
        n = len(self.rules) if n_reasons is None else n_reasons
        found = fired(self.index, latest.item_indices, liked, groups, len(once))
        starts, rules, shares = strongest(*found, n, self.settings.m)
        # The rules of all items at once: to look up a few costs as much as to look up many.
        reasons, bounds = self._reasons(rules, shares), pairwise(starts.tolist())
        of_items = {
            item: reasons[start:stop] or [self.popularity.reason(item)]
            for item, (start, stop) in zip(once, bounds, strict=True)
        }
        return [of_items[item] for item in items]

    def _reasons(self, rules: IntArray, shares: FloatArray) -> list[Reason[int]]:
        offsets, flat = self.rules.source.flatten(self.rules.antecedents[rules])
        sides = flat.tolist()
        antecedents = [tuple(sides[start:stop]) for start, stop in pairwise(offsets.tolist())]
        columns = [column[rules].tolist() for column in self._measures]
        return list(map(Reason, antecedents, *columns, shares.tolist()))

    @cached_property
    def _measures(self) -> list[npt.NDArray[Any]]:
        """Count, confidence and lift of each rule."""
        rules, source = self.rules, self.rules.source
        counts = [source.counts[side] for side in (rules.itemsets, rules.antecedents, rules.consequents)]
        ratios = [MEASURES[name](source.n_transactions, *counts) for name in ("confidence", "lift")]
        return [counts[0], *ratios]


def _as_evidence(weights: FloatArray, n_transactions: int) -> FloatArray:
    """Return -log(1 - w), with w made a probability; see the notes of `RuleRecommender`."""
    probabilities = weights / max(1.0, weights.max(initial=0.0))
    highest = n_transactions / (n_transactions + 1)
    evidence: FloatArray = -np.log1p(-np.clip(probabilities, 0.0, highest))
    return evidence
