"""The secret that signs lists: from the environment, or made and kept beside the feedback database."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from recsys.errors import DataError, ParameterError
from recsys.feedback import FeedbackStore
from recsys.serving.settings import SECRET, SHORTEST_SECRET, Settings

CURE = "Make one for all services that share the database: openssl rand -hex 32"


def read_secret(settings: Settings, store: FeedbackStore) -> bytes:
    """Return the secret that all services with one feedback database share.

    It is `RECSYS_FEEDBACK_SECRET`. Without it, and with feedback in an SQLite file, it is read from the file
    of the same name with `.secret` after it, which is made (mode 0600) where there is none.

    Raises
    ------
    ParameterError
        If feedback goes to a server and the variable is not set.
    DataError
        If the file cannot be read or made, or holds no secret.
    """
    if settings.feedback_secret is not None:
        return settings.feedback_secret.encode()
    if store.file is None:
        raise ParameterError(SECRET, "set where feedback goes to a server", None, CURE)
    path = store.file.with_name(f"{store.file.name}.secret")
    try:
        if not path.exists():
            _make(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise DataError(f"feedback: {path}, which keeps the secret of signed lists: {error}") from error
    if len(secret) < SHORTEST_SECRET:
        raise DataError(
            f"feedback: {path} holds no secret of at least {SHORTEST_SECRET} characters. "
            "Remove it, and the next start makes another; lists that were shown before lose their thumbs."
        )
    return secret


def _make(path: Path) -> None:
    """Write a secret whole, for its owner alone; if another service was faster, its secret stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
