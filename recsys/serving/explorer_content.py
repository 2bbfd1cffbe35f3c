"""Content of the explorer: the rules of the served model, or those of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys.data import InteractionSet, ItemCatalog, Nouns
from recsys.explorer import RuleTable
from recsys.models.bundle import Bundle
from recsys.rules import Rules


@dataclass(frozen=True, eq=False)
class ExplorerContent:
    """Rules, and where they come from.

    Parameters
    ----------
    name : str
        Folder of a run, or version of a model.
    dataset : str
    recommender : str
        Name of the class that recommends.
    nouns : Nouns
    table : RuleTable or None
        None for a model that recommends without rules.
    """

    name: str
    dataset: str
    recommender: str
    nouns: Nouns
    table: RuleTable | None

    @classmethod
    def of_run(cls, folder: Path, interactions: InteractionSet, rules: Rules) -> "ExplorerContent":
        """Return all rules of a run."""
        catalog = interactions.items or ItemCatalog.empty()
        table = RuleTable.of(rules, catalog)
        return cls(str(folder), interactions.name, "", catalog.nouns, table)

    @classmethod
    def of_model(cls, bundle: Bundle, version: str) -> "ExplorerContent":
        """Return the rules that a model recommends with, with their weights."""
        facts, catalog = bundle.metadata, bundle.called
        table = bundle.model.rule_table(catalog)
        name, recommender = (str(facts.get(key, "")) for key in ("dataset", "recommender"))
        return cls(version, name, recommender, catalog.nouns, table)

    def summary(self) -> dict[str, Any]:
        """Return what `recsys.serving.explorer_schemas.ExplorerSummary` describes."""
        nothing = {"n_rules": 0, "n_items": 0, "measures": [], "max_length": 0}
        return {
            "name": self.name,
            "dataset": self.dataset,
            "nouns": self.nouns,
            "recommender": self.recommender,
            "has_rules": self.table is not None,
            **(nothing if self.table is None else self.table.summary()),
            "can_recommend": True,
        }
