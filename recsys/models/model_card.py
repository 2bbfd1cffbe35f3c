"""The description of a version of the model, which MLflow shows."""

from recsys.metrics import DECIMALS, NDCG
from recsys.models.bundle import Bundle


def model_card(bundle: Bundle) -> str:
    """Return Markdown that says what the model does, in the words of its data."""
    facts, nouns = bundle.metadata, bundle.catalog.nouns
    name = facts.get("recommender", "Recommender")
    data = f"{facts.get('fitted_on', 'data')} of {facts['dataset']}" if facts.get("dataset") else "its data"
    lines = [
        f"{name} of {len(bundle.item_ids):,} {nouns.items}, fitted on {data}: "
        f"what {len(bundle.histories):,} people {nouns.verb}.",
        f"Input: the column `likes` holds the {nouns.items} that a person {nouns.verb}, by id or title, the "
        f"latest last; `seen` other {nouns.items} that are not recommended. Output: a list of {nouns.items}, "
        "each with its score and, with `explain`, its reasons.",
    ]
    if (ndcg := facts.get("metrics", {}).get(NDCG)) is not None:
        lines.append(f"{NDCG} on the test part: {ndcg:{DECIMALS}}.")
    return "\n\n".join(lines)
