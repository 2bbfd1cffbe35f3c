"""What the operator's page shows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import masked
from recsys.errors import DataError
from recsys.policies import Policies
from recsys.serving import schemas

if TYPE_CHECKING:
    from recsys.policies.rules import Entry
    from recsys.serving.service import Service

log = logging.getLogger(__name__)

MAX_VERSIONS = 50  # with thumbs


def state(service: Service) -> schemas.OperatorState:
    """Return the state of the service; of all that is outside of this process, only feedback is read."""
    reloader = service.reloader
    model, history = reloader.current, reloader.version_history
    return schemas.OperatorState(
        address=masked(service.settings.model),
        version=None if model is None else model.version,
        loaded=None if model is None else utc(model.loaded),
        started=utc(service.metrics.started),
        swaps=reloader.swaps,
        failures=reloader.failures,
        last_failure=reloader.last_failure,
        versions=history.versions,
        versions_read=history.read,
        versions_failure=history.failure,
        acceptance=_acceptance(service),
        routes=service.metrics.routes(),
        policies=_policies(service),
    )


def utc(seconds: float) -> str:
    """Return seconds since 1970 as an ISO time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _acceptance(service: Service) -> list[schemas.VersionAcceptance] | None:
    if service.store is None:
        return []  # no feedback is taken
    try:
        found = service.store.acceptance("model_version", MAX_VERSIONS)
    except DataError as error:  # the rest remains available
        log.error("Acceptance is left out: %s", error)
        return None
    return [schemas.VersionAcceptance(one.name, one.up, one.total, one.rate) for one in found]


def _policies(service: Service) -> schemas.PoliciesInForce | None:
    reloader, stated = service.reloader.policies, service.policies()
    if reloader is None or reloader.current is None or stated is None:
        return None
    model = service.reloader.current
    bound = None if model is None else model.bundle.policies
    missing = [] if bound is None else list(bound.not_in_model)
    return schemas.PoliciesInForce(
        **vars(stated), file=str(reloader.path), rules=in_words(reloader.current), not_in_model=missing
    )


def in_words(policies: Policies) -> list[str]:
    """Return a line for each rule of policies, in the order in which they apply."""
    lines = [f"Out of stock: {_names(policies.out_of_stock)}"] if policies.out_of_stock else []
    lines += [f"Never with {_names(one.if_)}: {_names(one.never)}" for one in policies.never_with]
    for always in policies.always_with:
        lines.append(f"Always with {_names(always.if_)}: {_names(always.recommend)}{_why(always.reason)}")
    lines += [f"Pinned: {_names(one.recommend)}{_why(one.reason)}" for one in policies.pinned]
    return lines


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(f"all of {one.name}" if one.kind == "category" else one.name for one in entries)


def _why(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
