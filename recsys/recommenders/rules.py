"""Rule recommender: the consequents of rules whose antecedents are in a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.mining import FrequentItemsets
from recsys.parameters import require_at_least, require_choice, require_integer, require_positive
from recsys.recommenders.recommendations import RULE, Recommendations
from recsys.recommenders.recommender import Reason, State
from recsys.recommenders.rule_index import build_index, single_consequents
from recsys.recommenders.rule_weights import WEIGHTS, rule_weights
from recsys.recommenders.scoring import FittedModel, mark_sources, one
from recsys.rules import Rules
from recsys.rules.measures import MEASURES

if TYPE_CHECKING:
    from recsys.recommenders._rules_kernel import Index

IntArray = npt.NDArray[np.integer[Any]]

TOLD = ("confidence", "lift")  # of a rule that is a reason
# Arrays of the itemsets and of the rules in a saved model.
TRIE_ARRAYS = ("parents", "last_items", "counts", "offsets")
SIDE_ARRAYS = ("antecedents", "consequents", "itemsets")

AGGREGATIONS = ("sum", "max", "mean_top_m", "noisy_or")


@dataclass(frozen=True)
class RuleRecommender:
    """Recommend the consequents of the rules whose antecedents a user likes.

    A rule fires when all items of its antecedent are in the history. It contributes r w to the score of its
    consequent, w its weight and r its recency, 2^(-a / half_life), where a is the age of its oldest like: the
    number of likes of the user that came later; likes of one moment are of one age. Rules with more than one
    item in the consequent are left out, as what they say the rules to each of these items say too.

    Parameters
    ----------
    weight : str
        What a rule weighs: a measure of `recsys.rules.METRICS`, or damped_lift.
    damping : float
        Read by damped_lift: transactions that are added to the observed and to the expected count.
    alpha : float
        The weight is multiplied by (support count of the consequent)^-alpha: 0 leaves it as it is, 1 makes of
        confidence what ranks like lift.
    aggregation : str
        How the contributions to an item become its score: sum; max; mean_top_m, the mean of the `top_m`
        highest, those that are missing counted as 0; noisy_or, -log of the probability that no rule holds.
    top_m : int
        Read by mean_top_m.
    half_life : float or None
        Later likes after which a like counts half; None: all count alike, as in data without times.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.

    Notes
    -----
    Confidence x popularity^-alpha, summed over the history, is the conditional probability-based similarity
    of Deshpande and Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 2004.

    Noisy-or is from Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988: with the rules as
    independent causes an item is liked with probability p = 1 - prod (1 - w)^r. The score is -log(1 - p),
    which ranks alike and still tells apart what rounds to 1. Weights above 1 are brought down by the highest
    of them, and none counts more than n / (n + 1): a rule that held n times of n may fail the next time.

    A rule with a weight of 0 or less recommends nothing and is left out. See `rule_weights` for measures that
    are infinite.
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
        """Weigh and index the rules; see `recsys.recommenders.Recommender`.

        Raises
        ------
        ParameterError
            If `rules` is None, or over other items than the training part.
        """
        if rules is None or not np.array_equal(rules.source.items, train.items):
            raise ParameterError("rules", "mined from the transactions of the training part", rules)
        rules = single_consequents(rules)
        weights = rule_weights(rules, self.weight, self.damping, self.alpha)
        if self.aggregation == "noisy_or":
            weights = _as_evidence(weights, rules.source.n_transactions)
        speaks = weights > 0
        if not speaks.all():
            rules, weights = rules[speaks], weights[speaks]
        return RuleModel(train, self, rules, weights)

    @property
    def m(self) -> int:
        """Number of contributions to an item that count, the highest ones; 0 for all."""
        return {"max": 1, "mean_top_m": self.top_m}.get(self.aggregation, 0)


@dataclass(frozen=True, eq=False)
class RuleModel(FittedModel):
    """Weighted and indexed rules.

    Parameters
    ----------
    train : Histories
    settings : RuleRecommender
    rules : Rules
        Those that can fire: to one item, with a positive weight.
    weights : ndarray, shape (n_rules,), float64
    """

    kind: ClassVar[str] = "rules"

    settings: RuleRecommender
    rules: Rules
    weights: npt.NDArray[np.float64]

    def state(self) -> State:
        """Return the recommender's parameters, the rules and their weights."""
        rules, source = self.rules, self.rules.source
        settings = {
            "settings": asdict(self.settings),
            "rules": {name: getattr(rules, name) for name in ("metric", "min_threshold", "n_found")},
            "source": {name: getattr(source, name) for name in ("n_transactions", "min_support", "max_len")},
        }
        trie = {name: getattr(source, name) for name in TRIE_ARRAYS}
        sides = {name: getattr(rules, name) for name in SIDE_ARRAYS}
        return State(settings, trie | sides | {"weights": self.weights})

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model; the items of the itemsets are those of the training part."""
        settings, arrays = state.settings, state.arrays
        trie: dict[str, Any] = {name: arrays[name] for name in TRIE_ARRAYS} | settings["source"]
        sides: dict[str, Any] = {name: arrays[name] for name in SIDE_ARRAYS} | settings["rules"]
        rules = Rules(FrequentItemsets(items=train.items, **trie), **sides)
        return cls(train, RuleRecommender(**settings["settings"]), rules, arrays["weights"])

    def __post_init__(self) -> None:
        _ = self.index, self.popularity  # part of fitting

    @cached_property
    def index(self) -> Index:
        """The rules by antecedent."""
        return build_index(self.rules, self.weights)

    def recommend(self, histories: Histories, k: int, exclude_seen: bool = True) -> Recommendations:
        """Return the k best items of each user: by rules, then by popularity, which is marked as fallback."""
        self.check(histories, k)
        histories = histories.latest
        from recsys.recommenders._rules_kernel import recommend

        lists = Recommendations.empty(len(histories), k)
        ends = recommend(
            self.index,
            histories.offsets,
            histories.item_indices,
            self.recency(histories.ages),
            self.settings.m,
            exclude_seen,
            self.popularity.order,
            self.popularity.counts,
            lists.item_indices,
            lists.scores,
        )
        mark_sources(lists, ends, RULE)
        return lists

    def scores(self, histories: Histories) -> npt.NDArray[np.float64]:
        """Return the score of each item for each user, shape (n_users, n_items); 0 where no rule fires."""
        from recsys.recommenders._rules_kernel import score_all

        histories = histories.latest
        compact = np.empty((len(histories), len(self.index.items)))
        recency = self.recency(histories.ages)
        score_all(self.index, histories.offsets, histories.item_indices, recency, self.settings.m, compact)
        scores = np.zeros((len(histories), histories.n_items))
        scores[:, self.index.items] = compact
        return scores

    def recency(self, ages: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return what a like counts, by the number of likes that came later."""
        if self.settings.half_life is None or self.train.steps is None:
            return np.ones(len(ages))
        return np.exp2(-ages / self.settings.half_life)

    def explain_all(
        self,
        history: npt.NDArray[np.int32],
        items: Sequence[int],
        n_reasons: int | None = None,
        ages: npt.NDArray[np.int64] | None = None,
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items, the strongest first.

        The share of a rule is that of its contribution in the sum of those that count: all of them for sum
        and noisy_or (there in -log of the probability that it does not hold), the highest one for max, the
        highest `top_m` for mean_top_m; the other rules that fired have a share of 0. If none fired, the one
        reason is the popularity of the item.
        """
        from recsys.recommenders._rules_kernel import explain

        liked = np.full(len(self.items), -1.0)
        liked[history] = self.recency(one(history, self.items, ages).ages)
        once = list(dict.fromkeys(items))
        asked, source = np.array(once, dtype=np.int64), self.rules.source
        n = len(self.rules) if n_reasons is None else n_reasons
        itemsets = self.rules.antecedents, source.parents, source.last_items
        starts, rules, shares, side_starts, sides = explain(
            self.index, history, liked, asked, n, self.settings.m, *itemsets
        )
        # The rules of all items at once: to look up a few costs as much as to look up many.
        flat, columns = sides.tolist(), [column[rules].tolist() for column in self._told]
        antecedents = [tuple(flat[some]) for some in _slices(side_starts)]
        reasons = list(map(Reason, antecedents, *columns, shares.tolist()))
        found = {
            item: reasons[some] or [self.popularity.reason(item)]
            for item, some in zip(once, _slices(starts), strict=True)
        }
        return [found[item] for item in items]

    @cached_property
    def _told(self) -> list[npt.NDArray[Any]]:
        """Count, confidence and lift of each rule."""
        rules, source = self.rules, self.rules.source
        sides = rules.itemsets, rules.antecedents, rules.consequents
        counts = [source.counts[side] for side in sides]
        return [counts[0], *(MEASURES[name](source.n_transactions, *counts) for name in TOLD)]


def _slices(starts: IntArray) -> list[slice]:
    """Return the slices between starts that follow each other."""
    return [slice(*pair) for pair in pairwise(starts.tolist())]


def _as_evidence(weights: npt.NDArray[np.float64], n_transactions: int) -> npt.NDArray[np.float64]:
    """Return -log(1 - w), where w was made a probability; see the notes of `RuleRecommender`."""
    probabilities = weights / max(1.0, weights.max(initial=0.0))
    highest = n_transactions / (n_transactions + 1)
    evidence: npt.NDArray[np.float64] = -np.log1p(-np.clip(probabilities, 0.0, highest))
    return evidence
