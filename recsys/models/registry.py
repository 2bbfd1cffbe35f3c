"""The model registry: versions, promotion and rollback.

A version is a bundle, logged as an MLflow model and registered. The latest has the alias `challenger`, the
one that is served `champion`: it passed the gate (`recsys.models.gate`) or was promoted by hand.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper.results.schema import LINKS_FILE
from recsys.errors import DataError, DataNotFoundError, RecsysError, RegistryError
from recsys.evaluation import Interval
from recsys.mlflow_store.experiment import Destination
from recsys.mlflow_store.names import name_of
from recsys.models import self_check
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import BUNDLE_FILE, read_description
from recsys.models.gate import Check, Decision, Gate, judge, measure_latency
from recsys.models.mlflow_model import (
    NAME,
    connected,
    download,
    load_bundle,
    log_model,
    mlflow_errors,
    pointed_at,
    registry_command,
    tracking_address,
)
from recsys.models.training import fit_bundle, make_bundle
from recsys.runs.json_file import read_json
from recsys.runs.provenance import provenance
from recsys.runs.refit import (
    Measurement,
    Settings,
    measure,
    measure_fitted,
    measured_experiment,
    without_feedback,
)
from recsys.runs.stored_config import read_settings
from recsys.runs.sweep import run_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHALLENGER, CHAMPION = "challenger", "champion"
PREVIOUS_TAG = "previous_champions"  # the former champions of a version, the latest last
KEPT = 100  # former champions in the tag
TAGS = ("recommender", "dataset", "ratings_digest", "transactions_digest", "learnt_from", "git_commit")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Version:
    """Version of a registered model.

    Parameters
    ----------
    number : str
        1, 2, ..., as text.
    aliases : tuple of str
    created : datetime
    run_id : str or None
        The MLflow run of its origin.
    tags : dict of str to str
        Metadata and test metrics; ndcg@10 is named ndcg_at_10.
    """

    number: str
    aliases: tuple[str, ...]
    created: datetime
    run_id: str | None
    tags: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """Metrics of two versions on one test part, and the paired differences (first - second)."""

    versions: tuple[str, str]
    metrics: tuple[dict[str, float], dict[str, float]]
    differences: dict[str, Interval]


def _silent(line: str) -> None:
    """Ignore a line."""


def register(
    folder: Path,
    name: str = NAME,
    refit: bool = True,
    gate: Gate | None = None,
    tracking_uri: str | None = None,
    tell: Tell = _silent,
) -> str:
    """Register the model of a run, or of the best trial of a sweep; return the number of the version.

    The version gets the alias `challenger`. If there is no champion yet, it also becomes the champion,
    provided that it passes the gate.

    Parameters
    ----------
    folder : Path
        The folder of a run, a trial or a sweep.
    name : str
        Name of the registered model, which is created if it does not exist.
    refit : bool
        Whether to fit on all ratings; if not, on all but the test part.
    gate : Gate, optional
    tracking_uri : str, optional
        Default: MLFLOW_TRACKING_URI, or `sqlite:///mlflow.db`.
    tell : callable, optional
        Called with each line of progress.

    Raises
    ------
    DataNotFoundError
        If there is no configuration in the folder.
    RegistryError
        If MLflow raises an error.
    RecsysError
        As a run does; see the tree in `recsys.errors`.
    """
    gate, address = gate or Gate(), tracking_address(tracking_uri)
    run = run_folder(folder)
    settings = read_settings(run)
    measured, result = measure(measured_experiment(settings))
    metrics = measured.ranking.metrics
    tell(f"{run} on the test part: {gate.metric} {metrics.get(gate.metric, float('nan')):.4f}")
    if refit:
        bundle = fit_bundle(settings)
    else:
        assert result.model is not None  # measured
        facts = {"transactions_digest": result.transactions.digest, "learnt_from": "all but the test part"}
        bundle = make_bundle(result.model, result.interactions, settings, facts)
    commit = provenance().get("mlflow.source.git.commit", "")
    bundle = replace(bundle, metadata=bundle.metadata | {"metrics": metrics, "git_commit": commit})
    number = _add(connected(address), address, name, run, bundle, tell)
    if alias_version(name, CHAMPION, address) is None:
        decision = judge(gate, measured, measure_latency(bundle))
        _conclude(connected(address), name, number, None, decision, "gate", tell)
    return number


def promote(
    version: str | None = None,
    name: str = NAME,
    gate: Gate | None = None,
    force: bool = False,
    tracking_uri: str | None = None,
    tell: Tell = _silent,
) -> Decision:
    """Make a version the champion, if it passes the gate.

    Both versions are measured twice on one test part, that of the challenger's data, preprocessing and
    evaluation: their own bundles as served, and both configurations refitted without the test part. Feedback
    is used to fit the challenger only.

    Parameters
    ----------
    version : str, optional
        Its number; default: the challenger.
    name, gate, tracking_uri, tell
        As for `register`.
    force : bool
        Whether to skip the gate. A version that cannot be served is still refused.

    Returns
    -------
    Decision
        Nothing is changed unless it is accepted.

    Raises
    ------
    DataNotFoundError
        If there is no such version.
    RegistryError
        If MLflow raises an error, a version was not made by `register`, the version cannot be loaded or
        does not pass `self_check`, or another became the champion meanwhile.
    """
    gate, address = gate or Gate(), tracking_address(tracking_uri)
    client = connected(address)
    number = _number(client, address, name, version, CHALLENGER)
    champion = alias_version(name, CHAMPION, address)
    if champion == number:
        tell(f"Version {number} of {name} is the champion already.")
        return Decision()
    bundle = _servable(name, number, address)
    if force:
        decision = Decision((Check(True, "by hand"),))
        _conclude(client, name, number, champion, decision, "hand", tell)
        return decision
    settings = _settings(name, number, address)
    measured = _measured(settings, settings)
    theirs = served = None
    if champion:
        theirs = _measured(_settings(name, champion, address), without_feedback(settings))
        by_hand = registry_command(name, "promote", number, "--force")
        served = _served(bundle, load_bundle(f"models:/{name}/{champion}", address), settings, by_hand)
    decision = judge(gate, measured, measure_latency(bundle), theirs, served)
    _conclude(client, name, number, champion, decision, "gate", tell)
    return decision


def rollback(name: str = NAME, tracking_uri: str | None = None, tell: Tell = _silent) -> str:
    """Undo the latest promotion, and return the number of the champion.

    Each call goes back one promotion.

    Raises
    ------
    RegistryError
        If there is no champion or no former one, or the former one can no longer be served.
    """
    address = tracking_address(tracking_uri)
    client = connected(address)
    champion = alias_version(name, CHAMPION, address)
    if champion is None:
        raise RegistryError(f"{name} has no champion to roll back. Promote a version first.")
    with mlflow_errors(address):
        before = _before(client, name, champion)
        if not before:
            raise RegistryError(f"Version {champion} of {name} is its first champion: there is none before.")
        previous = before.pop()
        _servable(name, previous, address)
        # Its tag may be of a later promotion, which is undone.
        client.set_model_version_tag(name, previous, PREVIOUS_TAG, ",".join(before))
        client.set_registered_model_alias(name, CHAMPION, previous)
        client.set_model_version_tag(name, champion, "rolled_back", _now())
    tell(f"Version {previous} of {name} is the champion again, version {champion} no longer.")
    return previous


def compare(
    version: str | None = None,
    other: str | None = None,
    name: str = NAME,
    tracking_uri: str | None = None,
) -> Comparison:
    """Refit two versions and measure them on the test part of the first, without its feedback.

    Parameters
    ----------
    version, other : str, optional
        Their numbers; default: the challenger and the champion.
    name, tracking_uri
        As for `register`.

    Raises
    ------
    DataNotFoundError, RegistryError
        As for `promote`.
    """
    address = tracking_address(tracking_uri)
    client = connected(address)
    numbers = (
        _number(client, address, name, version, CHALLENGER),
        _number(client, address, name, other, CHAMPION),
    )
    settings = [_settings(name, number, address) for number in numbers]
    first = _measured(settings[0], settings[0])
    second = _measured(settings[1], without_feedback(settings[0]))
    metrics = first.ranking.metrics, second.ranking.metrics
    return Comparison(numbers, metrics, first.differences(second))


def versions(name: str = NAME, tracking_uri: str | None = None) -> list[Version]:
    """Return all versions, the latest first; none if there is no such model."""
    address = tracking_address(tracking_uri)
    client = connected(address)
    with mlflow_errors(address):
        aliases = _aliases(client, name)
        found = client.search_model_versions(f"name = '{name}'")
    return sorted(
        (
            Version(
                number=str(one.version),
                aliases=tuple(
                    sorted(alias for alias, number in aliases.items() if number == str(one.version))
                ),
                created=datetime.fromtimestamp(one.creation_timestamp / 1000, UTC),
                run_id=one.run_id or None,
                tags=dict(one.tags),
            )
            for one in found
        ),
        key=lambda one: -int(one.number),
    )


def alias_version(name: str, alias: str, tracking_uri: str | None = None) -> str | None:
    """Return the number of the version with an alias; None if there is none.

    Raises
    ------
    RegistryError
        If MLflow raises an error.
    """
    from mlflow.exceptions import MlflowException

    address = tracking_address(tracking_uri)
    client = connected(address)
    with mlflow_errors(address):
        try:  # services poll this: it takes half the time of reading the whole model
            return str(client.get_model_version_by_alias(name, alias).version)
        except MlflowException:  # a missing alias has no error code of its own
            return _aliases(client, name).get(alias)


def _aliases(client: MlflowClient, name: str) -> dict[str, str]:
    """Return the version of each alias; empty if there is no such model."""
    from mlflow.exceptions import MlflowException

    try:
        aliases = client.get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise
    return {alias: str(number) for alias, number in aliases.items()}


def _number(client: MlflowClient, address: str, name: str, version: str | None, alias: str) -> str:
    """Return the number of an existing version: the given one, or that of an alias."""
    number = alias_version(name, alias, address) if version is None else version
    if number is None:
        raise DataNotFoundError(
            f"{name} has no {alias}. Register a version ({registry_command(name, 'register', '--latest')}), "
            "or give the number of one."
        )
    with mlflow_errors(address):
        return str(client.get_model_version(name, number).version)


def _servable(name: str, number: str, address: str) -> Bundle:
    """Load a version and run the checks that a service runs at its start."""
    try:
        bundle = load_bundle(f"models:/{name}/{number}", address)
        self_check(bundle, number)
    except RecsysError as error:
        raise RegistryError(
            f"Version {number} of {name} cannot be served, and does not become the champion: {error} "
            f"Register its run again ({registry_command(name, 'register', 'FOLDER')}), or promote another."
        ) from error
    return bundle


def _settings(name: str, number: str, address: str) -> dict[str, Any]:
    """Return the configuration of a version."""
    with tempfile.TemporaryDirectory() as folder:
        path = download(f"models:/{name}/{number}", BUNDLE_FILE, Path(folder), address)
        settings = read_description(path.parent)["metadata"].get("config")
    if not settings:
        raise RegistryError(f"Version {number} of {name} holds no configuration to learn anew.")
    return dict(settings)


def _measured(settings: Settings, test_part_of: Settings) -> Measurement:
    return measure(measured_experiment(settings, test_part_of))[0]


def _served(
    bundle: Bundle, champion: Bundle, settings: Settings, by_hand: str
) -> tuple[Measurement, Measurement]:
    """Measure two bundles, as they are, on the test part of the challenger's settings.

    `by_hand` is the command that promotes without comparing.
    """
    everything = "all ratings"
    if champion.metadata.get("learnt_from") == everything != bundle.metadata.get("learnt_from"):
        bundle = fit_bundle(settings)  # the champion was fitted on the test part
    settings = without_feedback(settings)
    try:
        ours, theirs = (
            measure_fitted(one.model, one.histories, one.catalog, settings) for one in (bundle, champion)
        )
        return ours, theirs
    except DataError as error:
        raise RegistryError(
            f"The versions cannot be compared: {error} Promote it by hand: {by_hand}"
        ) from error


def _add(client: MlflowClient, address: str, name: str, run: Path, bundle: Bundle, tell: Tell) -> str:
    """Log a bundle and register it as the challenger."""
    links = read_json(run / LINKS_FILE)
    run_id, experiment_id = _recorded(client, links.get("mlflow_run_id"))
    if run_id is None:
        tell(f"{run} is not on record here: the version comes without its MLflow run.")
    metadata = bundle.metadata
    tags = {tag: str(metadata[tag]) for tag in TAGS if metadata.get(tag)}
    tags |= {key: links[key] for key in ("study", "trial") if key in links}
    tags |= {name_of(metric): f"{value:.6g}" for metric, value in metadata["metrics"].items()}
    with mlflow_errors(address):
        experiment_id = experiment_id or Destination(NAME).find(client, address).experiment_id
        model_id = log_model(bundle, address, experiment_id, run_id)
        if name not in {one.name for one in client.search_registered_models(f"name = '{name}'")}:
            client.create_registered_model(name)
        source = client.get_logged_model(model_id).artifact_location
        with pointed_at(address):  # MLflow looks the model up at the tracking URI of the process
            made = client.create_model_version(name, source, run_id, tags, model_id=model_id)
        number = str(made.version)
        client.set_registered_model_alias(name, CHALLENGER, number)
    tell(f"Registered as version {number} of {name}, the challenger, learnt from {metadata['learnt_from']}.")
    return number


def _recorded(client: MlflowClient, run_id: str | None) -> tuple[str | None, str | None]:
    """Return the ids of a run and of its experiment, if MLflow has them."""
    from mlflow.exceptions import MlflowException

    if run_id is None:
        return None, None
    try:
        return run_id, client.get_run(run_id).info.experiment_id
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None, None
        raise


def _conclude(
    client: MlflowClient,
    name: str,
    number: str,
    champion: str | None,
    decision: Decision,
    by: str,
    tell: Tell,
) -> None:
    """Print a decision and carry it out.

    Raises
    ------
    RegistryError
        If another version has become the champion since the decision.
    """
    for check in decision.checks:
        tell(str(check))
    if not decision.accepted:
        tell(f"Version {number} of {name} does not become the champion.")
        return
    if (now := _aliases(client, name).get(CHAMPION)) != champion:
        raise RegistryError(
            f"Version {number} of {name} was measured against {_called(champion)}, and meanwhile the "
            f"champion is {_called(now)}. Measure it against that: "
            + registry_command(name, "promote", number)
        )
    before = [*_before(client, name, champion), champion] if champion else []
    tags = {"promoted": _now(), "promoted_by": by, PREVIOUS_TAG: ",".join(before[-KEPT:])}
    tags["gate"] = "; ".join(check.text for check in decision.checks)
    for tag, value in tags.items():
        client.set_model_version_tag(name, number, tag, value)
    client.set_registered_model_alias(name, CHAMPION, number)
    tell(
        f"Version {number} of {name} is the champion" + (f", after version {champion}." if champion else ".")
    )


def _before(client: MlflowClient, name: str, champion: str) -> list[str]:
    """Return the numbers of the former champions, the latest last."""
    before = client.get_model_version(name, champion).tags.get(PREVIOUS_TAG, "")
    return before.split(",") if before else []


def _called(champion: str | None) -> str:
    return f"version {champion}" if champion else "none"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
