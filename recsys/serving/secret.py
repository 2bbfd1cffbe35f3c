"""The secret that signs lists: from the environment, or from a file next to the feedback database."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from recsys.errors import DataError, ParameterError
from recsys.feedback import FeedbackStore
from recsys.serving.settings import MIN_SECRET, SECRET, Settings


def read_secret(settings: Settings, store: FeedbackStore | None) -> bytes:
    """Return the secret that all services with one feedback database share.

    This is `RECSYS_FEEDBACK_SECRET`, or the content of `FILE.secret` next to an SQLite file, which is created
    (mode 0600) if it does not exist. Without a database it is a random one.

    Raises
    ------
    ParameterError, DataError
        If there is neither, or the file cannot be used.
    """
    if settings.feedback_secret is not None:
        return settings.feedback_secret.encode()
    if store is None:
        return secrets.token_hex(MIN_SECRET).encode()
    if store.file is None:
        cure = "Make one for all services that share the database: openssl rand -hex 32"
        raise ParameterError(SECRET, "set where feedback goes to a server", None, cure)
    path = store.file.with_name(f"{store.file.name}.secret")
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise DataError(f"feedback: {path}, which keeps the secret of signed lists: {error}") from error
    if len(secret) < MIN_SECRET:
        raise DataError(
            f"feedback: {path} holds no secret of at least {MIN_SECRET} characters. "
            "Remove it, and the next start makes another; lists that were shown before lose their thumbs."
        )
    return secret


def _create(path: Path) -> None:
    """Write a secret atomically; if another service was faster, its secret stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
