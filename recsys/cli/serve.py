"""`recsys serve`: recommendations over HTTP and on a page."""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from optuna_sweeper.safe_text import SafeFormatter
from recsys.cli import terminal
from recsys.errors import RecsysError
from recsys.serving.settings import read_settings

OPEN = (
    "host is %s, which other machines can reach, and feedback needs no token: anyone there can add data "
    "for the next model, within the limits of thumbs. Set RECSYS_FEEDBACK_TOKEN, or see "
    "docs/concepts/threat_model.md."
)


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; return the exit code, 2 if a setting is invalid."""
    # Read when NumPy is imported: in computations as small as those of a request, threads only wait.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        settings = read_settings(arguments)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return 2
    # Imported late: --help does not need it.
    import uvicorn

    from recsys.feedback import FeedbackStore, database_url
    from recsys.serving.app import create_app
    from recsys.serving.policies_reloader import PoliciesReloader
    from recsys.serving.reloader import ModelReloader
    from recsys.serving.slow_clients import limited_protocol
    from recsys.serving.source import source_of

    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(levelname)s:     %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    log = logging.getLogger(__name__)
    if settings.is_open:
        log.warning(OPEN, settings.host)
    database_url(settings.feedback, "feedback")  # refused before a model is loaded
    policies = PoliciesReloader(Path(settings.policies).expanduser()) if settings.policies else None
    source = source_of(settings.model)
    reloader = ModelReloader(source, settings.poll_seconds, settings.retry_seconds, policies)
    if settings.wait_for_model:
        reloader.load_policies()
        reloader.poll()
    else:
        log.info("Serving version %s.", reloader.load().version)
    app = create_app(settings, reloader, FeedbackStore.open(settings.feedback, "feedback"))
    # The thread that loads the next model must not keep requests waiting for the interpreter.
    sys.setswitchinterval(0.0005)
    # The present objects stay: the garbage collector need not look at them again.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=settings.access_log,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        http=limited_protocol(settings.request_seconds, settings.max_connections),
        ws="none",
        log_level="info",
        # Otherwise a client that never completes its request keeps the service from ending.
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    return 0
