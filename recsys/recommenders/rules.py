"""Rule recommender: the consequents of rules whose antecedents are in a history."""

import logging
from dataclasses import dataclass, fields, replace

import numpy as np

from recsys.data import Histories
from recsys.data.histories import VALUES
from recsys.errors import ParameterError
from recsys.parameters import require_at_least, require_choice, require_integer, require_positive
from recsys.recommenders.learned_orders import OrderSettings, learn_from_orders
from recsys.recommenders.learned_rules import LearnedRuleModel
from recsys.recommenders.learned_weights import learn_weights
from recsys.recommenders.model import FloatArray
from recsys.recommenders.order_rule_model import OrderRuleModel
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
AUTO, NEXT_ORDER, SAME_ORDER = "auto", "next_order", "same_order"
OF_LIKES = ("base_penalty", "set_weight", "max_antecedent_len")
OF_NEXT_ORDER = ("min_count", "min_llr", "n_targets", "target_half_life")
OF_LEARNED = ("regularization", "n_candidates", *OF_LIKES, *OF_NEXT_ORDER)
OF_MEASURES = ("damping", "alpha", "aggregation", "top_m")
AGGREGATIONS = ("sum", "max", "mean_top_m", "noisy_or")


@dataclass(frozen=True)
class RuleRecommender:
    """Recommend the consequents of the rules whose antecedents a user likes.

    A rule fires when all items of its antecedent are in the history. It contributes r w to the score of its
    consequent, w its weight and r its recency, 2^(-a / half_life), where a is the age of its oldest like: the
    number of likes of the user in later steps. Rules with several items in the consequent are not used.
    Values out of range raise ParameterError.

    With weight=learned and customers who have several orders, the rules are others unless `predict` is
    same_order: they lead from an item to an item of a later order, or to the item itself ("you bought it 3
    times"), and are found by the learner.

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
        Later likes after which a like counts half; None: all count alike, as in data without times. For rules
        between orders: later orders after which an order counts half.
    regularization : float
        l, above 0. Used by weight=learned.
    set_weight : float
        a, at least 0. Used by weight=learned where users have several steps, but no orders.
    n_candidates : int
        Rules of a consequent whose weights are learned together. Used by weight=learned.
    max_antecedent_len : int or None
        Rules with more items in the antecedent are not used; None: all are. Used by weight=learned without
        orders.
    base_penalty : float
        m, at least 0. Used by weight=learned without orders.
    value : {"price", "margin"} or None
        The weights of the rules to an item, and its base rate, are multiplied by its mean price or margin in
        the training data: items are ranked by what they are expected to bring. Items that bring nothing, with
        a margin of 0 or less, have no rules. Data in which an item has no such value are refused.
    value_power : float
        At least 0: the value to this power is what weights are multiplied by. 1 ranks by value; lower powers
        give up less of the quality of the lists.
    min_count : int
        Customers who bought the antecedent before the consequent, at least 1; other rules between orders are
        no candidates. This and the next three are used by weight=learned with predict=next_order.
    min_llr : float
        Log-likelihood ratio of a rule between orders, at least 0: how surely it is no coincidence.
    n_targets : int
        Orders of each customer to learn from, the last ones.
    target_half_life : float or None
        Later orders of the customer after which an order to learn from counts half; None: all count alike.
    predict : {"auto", "next_order", "same_order"}
        What weights are learned for, where customers have several orders: what the customer buys next, or
        what else goes into a basket: then each order is a set, whoever the customer, and the rules are those
        given. auto is same_order where the evaluation completes baskets or rules hold categories, otherwise
        next_order. Used by weight=learned.

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

    **Orders.** With customers who have several orders, a sample is one of the last `n_targets` orders of a
    customer, but not the first: y_j is whether it holds item j, and x_i the sum of 2^(-age / half_life) over
    the earlier orders with item i, where age is the number of orders between. The weights of the rules to j
    minimise

        sum_orders v (y_j - b - x'w)^2 + l (sum_{i != j} w_i^2 + (w_j - a)^2)

    with w >= 0, for v = 2^(-later orders / target_half_life) / sqrt(items of the order), scaled to a mean of
    1. The score of an item is b + x'w. As popularity changes, b is then fitted to the last order of each
    customer, unless target_half_life is None. For an item about which the data say little, the weight w_j of
    the repeat rule is near a: a x_j is the personal frequency. a is the weight that repeat rules have in
    common: that of least squares over all items, where item j counts l / (l + G_jj). Where customers buy
    again no more often than by chance, a is 0.

    Rules are candidates if `min_count` customers bought i before j, and if the log-likelihood ratio G^2 of
    "i was bought before" and "j is in the order", counted in the samples, is at least `min_llr` (Dunning,
    "Accurate methods for the statistics of surprise and coincidence", Computational Linguistics 1993): of
    unrelated items, 1 in 2,000 pairs reaches 11, and 1 in 250,000 reaches 20. Without it, pairs that came
    about by chance are so many that they hide popularity. A repeat rule is always a candidate. Rules that
    Apriori found are not used: those within an order say nothing of the next one, and all that are seen from
    one order to a later one are candidates already. On Ta-Feng (Li et al., see `NextBasket`; k = 10) the
    defaults have an NDCG of 0.156 and a recall of 0.168 on the test part, with 21,500 rules learned in 4 s.
    Good ranges for a search: half_life 4 to 20, regularization 100 to 1,000, min_llr 8 to 30, and
    target_half_life 1 to 8.

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
    value_power: float = 1.0
    min_count: int = 2
    min_llr: float = 20.0
    n_targets: int = 8
    target_half_life: float | None = 2.0
    predict: str = AUTO

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
        require_at_least("value_power", self.value_power, 0)
        require_integer("min_count", self.min_count, minimum=1)
        require_at_least("min_llr", self.min_llr, 0)
        require_integer("n_targets", self.n_targets, minimum=1)
        if self.target_half_life is not None:
            require_positive("target_half_life", self.target_half_life)
        require_choice("predict", self.predict, (AUTO, NEXT_ORDER, SAME_ORDER))

    def completing_baskets(self) -> "RuleRecommender":
        """Return the settings for evaluations that complete baskets."""
        return replace(self, predict=SAME_ORDER) if self.predict == AUTO else self

    def fit(
        self, train: Histories, rules: Rules | None = None, key: str = "recommender"
    ) -> RuleModel | OrderRuleModel:
        """Weigh and index the rules, which must be given and over the same items; see `Recommender`.

        Rules between orders need no rules: the learner finds its own. `key` is the place of the settings in
        the configuration, for warnings.
        """
        predict = self._predict(train, key)
        self._warn_of_no_effect(predict, key)
        if predict == NEXT_ORDER:
            return self._fit_orders(train)
        hierarchy = train.hierarchy
        columns = slice(None) if hierarchy is None else hierarchy.columns
        if rules is None or not np.array_equal(rules.source.items, train.extended_items[columns]):
            raise ParameterError("rules", "mined from the transactions of the training part", rules)
        if hierarchy is not None and self.value is not None:
            rule = "null where rules hold categories (preprocessing.levels)"
            raise ParameterError("value", rule, self.value, "Set preprocessing.levels=item.")
        rules = single_consequents(rules if hierarchy is None else over_extended_items(rules, hierarchy))
        extended = train.extend(hierarchy)
        values = item_values(extended, self.value, self.value_power)
        if self.weight == LEARNED:
            rules = short_antecedents(rules, self.max_antecedent_len)
            # There, ages count categories as well.
            scale = len(extended.latest.item_indices) / max(len(train.latest.item_indices), 1)
            half_life = None if predict == SAME_ORDER else self.half_life
            options = half_life and half_life * scale, self.set_weight, self.n_candidates
            penalties = self.regularization, self.base_penalty
            samples = extended.of_steps if predict == SAME_ORDER else extended
            weights, base_rates = learn_weights(samples, rules, *options, *penalties)
            weights = weights * values[consequent_items(rules)]
            base_rates = (base_rates * values)[: train.n_items]
            return LearnedRuleModel(train, 0, half_life, *_positive(rules, weights), base_rates)
        weights = rule_weights(rules, self.weight, self.damping, self.alpha)
        if self.aggregation == "noisy_or":
            weights = _as_evidence(weights, rules.source.n_transactions)
        weights = weights * values[consequent_items(rules)]
        m = {"max": 1, "mean_top_m": self.top_m}.get(self.aggregation, 0)
        return RuleModel(train, m, self.half_life, *_positive(rules, weights))

    def _predict(self, train: Histories, key: str) -> str | None:
        """Return what weights are learned for; None without orders of customers, or if none are learned."""
        if self.weight != LEARNED or not train.repeats or not (train.n_steps > 1).any():
            return None
        if train.hierarchy is None:
            return NEXT_ORDER if self.predict == AUTO else self.predict
        if self.predict == NEXT_ORDER:
            rule = f"{SAME_ORDER} where rules hold categories (preprocessing.levels)"
            raise ParameterError("predict", rule, self.predict, "Set preprocessing.levels=item.")
        if self.predict == AUTO:
            log.warning(
                "Where rules hold categories, weights are learned for the rest of an order, not for what a "
                "customer buys again. Set preprocessing.levels=item for next orders, or "
                "%s.predict=same_order for this without the warning.",
                key,
            )
        return SAME_ORDER

    def _fit_orders(self, train: Histories) -> OrderRuleModel:
        values = item_values(train, self.value, self.value_power)
        settings = OrderSettings(**{field.name: getattr(self, field.name) for field in fields(OrderSettings)})
        rules, weights, base_rates = learn_from_orders(train, settings)
        n_repeats = np.count_nonzero(rules.antecedents == rules.consequents)
        log.info(
            "Learned %s rules from one order to a later one, %s of them from an item to itself; those of "
            "apriori are not used (recommender.predict)",
            f"{len(rules):,}",
            f"{n_repeats:,}",
        )
        weights = weights * values[rules.consequents]
        used = weights > 0
        return OrderRuleModel(train, self.half_life, rules[used], weights[used], base_rates * values)

    def _warn_of_no_effect(self, predict: str | None, key: str) -> None:
        """Warn of settings that differ from the defaults and that are not used."""
        why = {
            None: dict.fromkeys(OF_NEXT_ORDER, "data in which no customer has several orders"),
            NEXT_ORDER: dict.fromkeys(OF_LIKES, f"predict={NEXT_ORDER}"),
            SAME_ORDER: dict.fromkeys((*OF_NEXT_ORDER, "half_life"), f"predict={SAME_ORDER}"),
        }[predict]
        why = {name: f"{reason}. Leave it out." for name, reason in why.items()}
        unused, other = (OF_MEASURES, "jaccard") if self.weight == LEARNED else (OF_LEARNED, LEARNED)
        cure = f"weight={self.weight}. Leave it out, or set {key}.weight={other}."
        why |= dict.fromkeys(unused, cure)
        if self.value is None:
            why["value_power"] = f"value=null. Leave it out, or set {key}.value=price."
        for field in fields(self):
            if field.name in why and getattr(self, field.name) != field.default:
                log.warning("%s.%s has no effect with %s", key, field.name, why[field.name])


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
