"""One transaction for several calls of MLflow's client, where its store is a database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient


class RolledBackError(Exception):
    """A call has failed in a way of which only the whole transaction can be rolled back."""


def has_transactions(client: MlflowClient) -> bool:
    """Whether the store is MLflow's own for databases, and has the parts that `transaction` replaces."""
    return _store(client) is not None


@contextmanager
def transaction(client: MlflowClient) -> Iterator[None]:
    """Execute the calls of this block in one transaction, which an error rolls back as a whole.

    MLflow opens fourteen sessions for one run, each with four statements of its own and a commit, which waits
    for the disk. Here all share one session. It forgets what it has read after each of MLflow's
    transactions, as a session does after a commit.
    """
    store = _store(client)
    if store is None:
        raise ValueError(f"{client.tracking_uri} has no transactions.")
    own = store.ManagedSessionMaker
    with own(read_only=False) as session:
        shared = _SharedSession(session)

        @contextmanager
        def part(read_only: bool = True) -> Iterator[_SharedSession]:
            yield shared
            shared.commit()

        store.ManagedSessionMaker = part
        try:
            yield
        finally:
            store.ManagedSessionMaker = own


class _SharedSession:
    """A session of SQLAlchemy whose commits are left to the transaction."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def commit(self) -> None:
        """Send the pending statements, and read again what is used later."""
        self._session.flush()
        self._session.expire_all()

    def rollback(self) -> None:
        """Refuse to roll back a part."""
        raise RolledBackError


def _store(client: MlflowClient) -> Any:
    """Return the store of a client; None if it is not known here."""
    store = getattr(getattr(client, "_tracking_client", None), "store", None)
    # The client of a server has not imported it, which takes half a second.
    module = sys.modules.get("mlflow.store.tracking.sqlalchemy_store")
    is_database = module is not None and type(store) is module.SqlAlchemyStore
    known = is_database and callable(getattr(store, "ManagedSessionMaker", None))
    return store if known else None
