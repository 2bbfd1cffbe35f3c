"""The description of a version of the model, which MLflow shows."""

from recsys.metrics import DECIMALS, LIST_METRICS
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
    metrics = facts.get("metrics", {})
    if rows := [f"| {name} | {metrics[name]:{DECIMALS}} |" for name in LIST_METRICS if name in metrics]:
        lines.append("\n".join(["| on the test part, fitted without it | |", "| --- | --- |", *rows]))
    return "\n\n".join(lines)
