"""Registration, promotion and comparison of versions, by measurements on a test part.

A version becomes the champion if it passes the gate (`recsys.models.gate`), or by hand.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from recsys.errors import DataError, RegistryError
from recsys.evaluation import Interval
from recsys.metrics import DECIMALS
from recsys.models.bundle import Bundle
from recsys.models.evaluation_data import EvaluationData
from recsys.models.gate import Check, Decision, Gate, judge, measure_latency
from recsys.models.registry import CHALLENGER, CHAMPION, Registry
from recsys.models.store import registry_command
from recsys.models.training import ALL_DATA, fit_bundle, make_bundle
from recsys.models.version_history import GATE, PROMOTED_BY, SEPARATOR
from recsys.runs.provenance import provenance
from recsys.runs.refit import (
    Measurement,
    Settings,
    measure,
    measure_fitted,
    measured_experiment,
    slices,
    without_feedback,
)
from recsys.runs.stored_config import read_settings
from recsys.runs.sweep import run_folder

Tell = Callable[[str], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """Metrics of two versions on one test part, and the paired differences (first - second)."""

    versions: tuple[str, str]
    metrics: tuple[dict[str, float], dict[str, float]]
    differences: dict[str, Interval]


def register(
    registry: Registry, folder: Path, refit: bool = True, gate: Gate | None = None, tell: Tell = log.info
) -> str:
    """Register the model of a run, a trial or the best trial of a sweep; return the number of the version.

    It is fitted on all data, or without `refit` on all but the test part, and becomes the challenger; if
    there is no champion and it passes the gate, also the champion. `tell` is called with each line of
    progress. Errors are those of `run_folder`, of a run and of `Registry`.
    """
    gate, run = gate or Gate(), run_folder(folder)
    settings = read_settings(run)
    experiment = measured_experiment(settings)
    measured, result = measure(experiment)
    assert result.model is not None  # measured
    metrics = measured.ranking.metrics
    tell(f"{run} on the test part: {gate.metric} {metrics.get(gate.metric, float('nan')):{DECIMALS}}")
    if refit:
        bundle = fit_bundle(settings)
    else:
        facts = {"transactions_digest": result.transactions.digest, "fitted_on": "all but the test part"}
        bundle = make_bundle(result.model, result.interactions, settings, facts)
    commit = provenance().get("mlflow.source.git.commit", "")
    bundle = replace(bundle, metadata=bundle.metadata | {"metrics": metrics, "git_commit": commit})
    data = EvaluationData.of(measured, slices(experiment, measured, result.model), bundle.metadata)
    number, is_recorded = registry.add(bundle, run, data)
    if not is_recorded:
        tell(f"{run} is not recorded in this MLflow: the version has a run of its own.")
    fitted_on = bundle.metadata["fitted_on"]
    tell(f"Registered as version {number} of {registry.name}, the challenger, fitted on {fitted_on}.")
    if registry.with_alias(CHAMPION) is None:
        _conclude(registry, number, None, judge(gate, measured, measure_latency(bundle)), tell)
    return number


def promote(
    registry: Registry,
    version: str | None = None,
    gate: Gate | None = None,
    force: bool = False,
    tell: Tell = log.info,
) -> Decision:
    """Make a version the champion, if it passes the gate.

    Both versions are measured twice on the test part of the challenger's configuration: their own bundles as
    served, and both configurations refitted without the test part. Feedback is used to fit the challenger
    only. The version is the challenger, unless its number is given.

    `force` skips the gate; a version that cannot be loaded or does not pass `self_check` is still refused,
    by RegistryError. The same is raised if a version was not made by `register`, or another became the
    champion meanwhile.
    """
    number, champion = registry.number(version, CHALLENGER), registry.with_alias(CHAMPION)
    if champion == number:
        tell(f"Version {number} of {registry.name} is the champion already.")
        return Decision()
    bundle = registry.load_servable(number)
    if force:
        decision = Decision((Check(True, "by hand"),))
        _conclude(registry, number, champion, decision, tell, by="hand")
        return decision
    settings = registry.settings(number)
    measured = _measured(settings, settings)
    theirs = served = None
    if champion:
        theirs = _measured(registry.settings(champion), without_feedback(settings))
        try:
            served = _as_served(bundle, registry.load(champion), settings)
        except DataError as error:
            by_hand = registry_command(registry.name, "promote", number, "--force")
            raise RegistryError(
                f"The versions cannot be compared: {error} Promote it by hand: {by_hand}"
            ) from error
    decision = judge(gate or Gate(), measured, measure_latency(bundle), theirs, served)
    _conclude(registry, number, champion, decision, tell)
    return decision


def compare(registry: Registry, version: str | None = None, other: str | None = None) -> Comparison:
    """Refit two versions and measure them on the test part of the first, without its feedback.

    By default the challenger and the champion. Errors are those of `promote`.
    """
    numbers = registry.number(version, CHALLENGER), registry.number(other, CHAMPION)
    ours, theirs = (registry.settings(number) for number in numbers)
    first, second = _measured(ours, ours), _measured(theirs, without_feedback(ours))
    return Comparison(numbers, (first.ranking.metrics, second.ranking.metrics), first.differences(second))


def _measured(settings: Settings, test_part_of: Settings) -> Measurement:
    return measure(measured_experiment(settings, test_part_of))[0]


def _as_served(bundle: Bundle, champion: Bundle, settings: Settings) -> tuple[Measurement, Measurement]:
    """Measure two bundles, as they are, on the test part of the challenger's settings."""
    if champion.metadata.get("fitted_on") == ALL_DATA != bundle.metadata.get("fitted_on"):
        bundle = fit_bundle(settings)  # the champion was fitted on the test part
    settings = without_feedback(settings)
    bundles = (bundle, champion)
    ours, theirs = (measure_fitted(one.model, one.histories, one.catalog, settings) for one in bundles)
    return ours, theirs


def _conclude(
    registry: Registry, number: str, champion: str | None, decision: Decision, tell: Tell, by: str = "gate"
) -> None:
    """Print a decision and carry it out."""
    for check in decision.checks:
        tell(str(check))
    version = f"Version {number} of {registry.name}"
    if not decision.accepted:
        registry.set_refused(number, SEPARATOR.join(map(str, decision.checks)))
        tell(f"{version} does not become the champion.")
        return
    gate = SEPARATOR.join(check.text for check in decision.checks)
    registry.set_champion(number, champion, {PROMOTED_BY: by, GATE: gate})
    tell(f"{version} is the champion" + (f", after version {champion}." if champion else "."))
