"""What became of each registered version: its aliases, the gate and what followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from recsys.metrics import NDCG
from recsys.mlflow_store.names import name_of
from recsys.recommenders.model import JSON_CONFIG

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

SEPARATOR = "\n"  # of the checks in the tag

#: Tags of what happened to a version, each with the time, and GATE with the checks in words.
PROMOTED, REFUSED, ROLLED_BACK, PROMOTED_BY, GATE = (
    "promoted",
    "refused",
    "rolled_back",
    "promoted_by",
    "gate",
)


@dataclass(frozen=True)
class VersionSummary:
    """A registered version."""

    __pydantic_config__: ClassVar = JSON_CONFIG

    version: str
    aliases: list[str]
    registered: str
    """UTC."""
    recommender: str
    dataset: str
    fitted_on: str
    ndcg: float | None
    """ndcg@10 on the test part, of the configuration fitted without it."""
    outcome: Literal["promoted by the gate", "promoted by hand", "refused by the gate", "rolled back", ""]
    """What happened to it last; empty if it was only registered."""
    outcome_at: str
    """UTC; empty without an outcome."""
    checks: list[str]
    """Of the gate, with the measured values; empty if it has not judged the version."""


def version_history(versions: Iterable[ModelVersion]) -> list[VersionSummary]:
    """Return what the tags of versions say, in the same order."""
    return [_summary(one) for one in versions]


def _summary(version: ModelVersion) -> VersionSummary:
    tags = version.tags
    by = "by hand" if tags.get(PROMOTED_BY) == "hand" else "by the gate"
    happened = [
        (tags.get(REFUSED, ""), "refused by the gate"),
        (tags.get(PROMOTED, ""), f"promoted {by}"),
        (tags.get(ROLLED_BACK, ""), "rolled back"),
    ]
    # ISO times sort as text; of one second, the later in this order.
    at, outcome = max(enumerate(happened), key=lambda one: (one[1][0], one[0]))[1]
    ndcg = tags.get(name_of(NDCG))
    return VersionSummary(
        version=str(version.version),
        aliases=list(version.aliases),
        registered=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(
            timespec="seconds"
        ),
        recommender=tags.get("recommender", ""),
        dataset=tags.get("dataset", ""),
        fitted_on=tags.get("fitted_on", ""),
        ndcg=float(ndcg) if ndcg else None,
        outcome=outcome if at else "",  # type: ignore[arg-type]
        outcome_at=at,
        checks=tags[GATE].split(SEPARATOR) if tags.get(GATE) else [],
    )
