"""Rule recommender: the consequents of rules whose antecedents are in a history."""

import logging
from dataclasses import dataclass, fields

import numpy as np

from recsys.data import Histories
from recsys.data.histories import VALUES
from recsys.errors import ParameterError
from recsys.parameters import require_at_least, require_choice, require_integer, require_positive
from recsys.recommenders.learned_rules import LearnedRuleModel
from recsys.recommenders.learned_weights import learn_weights
from recsys.recommenders.model import FloatArray
from recsys.recommenders.rule_index import (
    consequent_items,
    over_extended_items,
    short_antecedents,
    single_consequents,
)
from recsys.recommenders.rule_model import RuleModel
from recsys.recommenders.rule_values import item_values
from recsys.recommenders.rule_weights import WEIGHTS, rule_weights
from recsys.rules import Rules

log = logging.getLogger(__name__)

LEARNED = "learned"
OF_LEARNED = ("regularization", "base_penalty", "set_weight", "n_candidates", "max_antecedent_len")
OF_MEASURES = ("damping", "alpha", "aggregation", "top_m")
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
        Weight of a rule: learned, damped_lift, or a measure of `recsys.rules.METRICS`. Learned weights are
        summed; `damping`, `alpha`, `aggregation` and `top_m` are those of the others.
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
    regularization : float
        l, above 0. Used by weight=learned.
    set_weight : float
        a, at least 0. Used by weight=learned where users have several steps.
    n_candidates : int
        Rules of a consequent whose weights are learned together. Used by weight=learned.
    max_antecedent_len : int or None
        Rules with more items in the antecedent are not used; None: all are. Used by weight=learned.
    base_penalty : float
        m, at least 0. Used by weight=learned.
    value : {"price", "margin"} or None
        The weights of the rules to an item, and its base rate, are multiplied by its mean price or margin in
        the training data: items are ranked by what they are expected to bring. Items that bring nothing, with
        a margin of 0 or less, have no rules. Data in which an item has no such value are refused.

    Notes
    -----
    Learned weights minimise, for each consequent j, the squared error of predictions y_j by the rules to j,

        a (sum_sets (y_j - b - x'w)^2 + m s b^2) + sum_predictions (y_j - c - x'w)^2 + m p c^2 + l |w|^2

    with w >= 0, where x holds the recency of each antecedent that fires, and s and p are the numbers of sets
    and of predictions. A set is a whole history: y_j is whether it holds j, and x is 1 for all antecedents
    without j. A prediction is a moment of a history after its first step: x are the antecedents in the steps
    before, and each item of the next step is a target; an item that occurs in several steps counts in the
    last one. Without times, or with half_life=None, there are only sets, and a is 1. The base rate c (b
    without predictions) is added to the score: without any useful rule, items are ranked by their base rate,
    that is, by popularity. With m = 0 it is not penalised; m > 0 leaves more of the popularity to the
    weights, which are those of longer histories.

    This is SLIM (Ning and Karypis, "SLIM: Sparse linear methods for top-N recommender systems", ICDM 2011)
    with rules as features and, as in Steck 2019 (see `EASERecommender`), normal equations: G w = R with G the
    products of pairs of antecedents, R those of antecedents and targets, less the products of their sums
    divided by (1 + m) times the number of samples. Of the rules to j the `n_candidates` with the highest
    R_ij / sqrt(G_ii) take part. While some weights are not positive, their rules are dropped and the
    equations solved again, a heuristic for non-negative least squares.

    Confidence x popularity^-alpha, summed over the history, is the conditional probability-based similarity
    of Deshpande and Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 2004.

    Noisy-or is from Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988: with the rules as
    independent causes an item is liked with probability p = 1 - prod (1 - w)^r. The score is -log(1 - p),
    which ranks alike and distinguishes values that round to 1. Weights are divided by the highest if that is
    above 1, and limited to n / (n + 1): a rule that held n times of n may fail the next time.

    Rules with a weight of 0 or less are not used. See `rule_weights` for measures that are infinite.
    """

    weight: str = "learned"
    damping: float = 5.0
    alpha: float = 0.0
    aggregation: str = "noisy_or"
    top_m: int = 10
    half_life: float | None = 10.0
    regularization: float = 300.0
    set_weight: float = 0.3
    n_candidates: int = 100
    max_antecedent_len: int | None = 1
    base_penalty: float = 1.0
    value: str | None = None

    def __post_init__(self) -> None:
        require_choice("weight", self.weight, (LEARNED, *WEIGHTS))
        require_at_least("damping", self.damping, 0)
        require_at_least("alpha", self.alpha, 0)
        require_choice("aggregation", self.aggregation, AGGREGATIONS)
        require_integer("top_m", self.top_m, minimum=1)
        if self.half_life is not None:
            require_positive("half_life", self.half_life)
        require_positive("regularization", self.regularization)
        require_at_least("set_weight", self.set_weight, 0)
        require_integer("n_candidates", self.n_candidates, minimum=1)
        if self.max_antecedent_len is not None:
            require_integer("max_antecedent_len", self.max_antecedent_len, minimum=1)
        require_at_least("base_penalty", self.base_penalty, 0)
        if self.value is not None:
            require_choice("value", self.value, VALUES)

    def fit(self, train: Histories, rules: Rules | None = None) -> RuleModel:
        """Weigh and index the rules, which must be given and over the same items; see `Recommender`."""
        hierarchy = train.hierarchy
        columns = slice(None) if hierarchy is None else hierarchy.columns
        if rules is None or not np.array_equal(rules.source.items, train.extended_items[columns]):
            raise ParameterError("rules", "mined from the transactions of the training part", rules)
        self._warn_of_no_effect()
        if hierarchy is not None and self.value is not None:
            rule = "null where rules hold categories (preprocessing.levels)"
            raise ParameterError("value", rule, self.value, "Set preprocessing.levels=item.")
        rules = single_consequents(rules if hierarchy is None else over_extended_items(rules, hierarchy))
        extended = train.extend(hierarchy)
        values = item_values(extended, self.value)
        if self.weight == LEARNED:
            rules = short_antecedents(rules, self.max_antecedent_len)
            # There, ages count categories as well.
            scale = len(extended.latest.item_indices) / max(len(train.latest.item_indices), 1)
            half_life = None if self.half_life is None else self.half_life * scale
            options = half_life, self.set_weight, self.n_candidates
            penalties = self.regularization, self.base_penalty
            weights, base_rates = learn_weights(extended, rules, *options, *penalties)
            weights = weights * values[consequent_items(rules)]
            base_rates = (base_rates * values)[: train.n_items]
            return LearnedRuleModel(train, 0, self.half_life, *_positive(rules, weights), base_rates)
        weights = rule_weights(rules, self.weight, self.damping, self.alpha)
        if self.aggregation == "noisy_or":
            weights = _as_evidence(weights, rules.source.n_transactions)
        weights = weights * values[consequent_items(rules)]
        m = {"max": 1, "mean_top_m": self.top_m}.get(self.aggregation, 0)
        return RuleModel(train, m, self.half_life, *_positive(rules, weights))

    def _warn_of_no_effect(self) -> None:
        """Warn of settings that differ from the defaults and that only other weights use."""
        unused, other = (OF_MEASURES, "jaccard") if self.weight == LEARNED else (OF_LEARNED, LEARNED)
        for field in fields(self):
            if field.name in unused and getattr(self, field.name) != field.default:
                log.warning(
                    "recommender.%s has no effect with weight=%s. "
                    "Leave it out, or set recommender.weight=%s.",
                    field.name,
                    self.weight,
                    other,
                )


def _positive(rules: Rules, weights: FloatArray) -> tuple[Rules, FloatArray]:
    """Return the rules with positive weights."""
    positive = weights > 0
    return (rules, weights) if positive.all() else (rules[positive], weights[positive])


def _as_evidence(weights: FloatArray, n_transactions: int) -> FloatArray:
    """Return -log(1 - w), with w made a probability; see the notes of `RuleRecommender`."""
    probabilities = weights / max(1.0, weights.max(initial=0.0))
    highest = n_transactions / (n_transactions + 1)
    evidence: FloatArray = -np.log1p(-np.clip(probabilities, 0.0, highest))
    return evidence
