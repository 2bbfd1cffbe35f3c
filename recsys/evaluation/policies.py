"""Lists that follow policies, and what the policies cost."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, Interactions, ItemCatalog
from recsys.errors import ParameterError
from recsys.evaluation.ranking import RankingResult
from recsys.evaluation.splits.evaluation import Evaluation
from recsys.policies import BoundPolicies
from recsys.recommenders import Model, Recommendations

WITHOUT, COST = "ndcg_without_policies", "ndcg_cost_of_policies"


def policies_of(
    evaluation: Evaluation, interactions: Interactions, items: npt.NDArray[Any]
) -> BoundPolicies | None:
    """Read the policies of an evaluation for lists of some items; None if it has none.

    Names are those of all items of the data, also of those that are held out. DataNotFoundError is raised if
    there is no file, DataFormatError if it is invalid, ParameterError if nothing is held out.
    """
    policies = evaluation.read_policies()
    if policies is None:
        return None
    if not evaluation.holds_out:
        raise ParameterError("evaluation.policies", "null where nothing is held out", evaluation.policies)
    catalog = interactions.items or ItemCatalog.empty()
    return policies.bind(catalog.including(np.unique(interactions.item_id)), items)


def recommend(
    model: Model, histories: Histories, k: int, seen: Histories, policies: BoundPolicies | None
) -> Recommendations:
    """Return lists that follow policies, if there are any."""
    if policies is None:
        return model.recommend(histories, k, seen)
    return policies.recommend(model, histories, k, seen)[0]


def with_cost(ranking: RankingResult, without: RankingResult) -> RankingResult:
    """Return the metrics of lists that follow policies, with NDCG of the same model without them.

    The cost is the difference; that of a user may be negative.
    """
    more = {}
    for name, values in without.per_user.items():
        metric, _, cutoff = name.partition("@")
        if metric == "ndcg":
            more[f"{WITHOUT}@{cutoff}"] = values
            more[f"{COST}@{cutoff}"] = values - ranking.per_user[name]
    metrics = {name: float(values.mean()) for name, values in more.items()}
    return replace(ranking, per_user=ranking.per_user | more, metrics=ranking.metrics | metrics)
