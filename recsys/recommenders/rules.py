"""Rule recommender: the consequents of rules whose antecedents are in a history."""

from dataclasses import dataclass

import numpy as np

from recsys.data import Histories
from recsys.errors import ParameterError
from recsys.parameters import require_at_least, require_choice, require_integer, require_positive
from recsys.recommenders.model import FloatArray
from recsys.recommenders.rule_index import single_consequents
from recsys.recommenders.rule_model import RuleModel
from recsys.recommenders.rule_weights import WEIGHTS, rule_weights
from recsys.rules import Rules

AGGREGATIONS = ("sum", "max", "mean_top_m", "noisy_or")


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

    def fit(self, train: Histories, rules: Rules | None = None) -> RuleModel:
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
        return RuleModel(train, self.m, self.half_life, rules, weights)

    @property
    def m(self) -> int:
        """Number of contributions to an item that count, the highest ones; 0 for all."""
        return {"max": 1, "mean_top_m": self.top_m}.get(self.aggregation, 0)


def _as_evidence(weights: FloatArray, n_transactions: int) -> FloatArray:
    """Return -log(1 - w), with w made a probability; see the notes of `RuleRecommender`."""
    probabilities = weights / max(1.0, weights.max(initial=0.0))
    highest = n_transactions / (n_transactions + 1)
    evidence: FloatArray = -np.log1p(-np.clip(probabilities, 0.0, highest))
    return evidence
