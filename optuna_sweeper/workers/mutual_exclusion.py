"""Mutual exclusion of the workers of a study, with the study's attributes alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

from optuna.study import Study

from optuna_sweeper.workers.worker import Worker

# The ticket of a waiting worker, by its id: 0 while it draws one, null afterwards.
_TICKET = "ticket:"


@contextmanager
def exclusive(study: Study, worker: Worker) -> Iterator[None]:
    """Enter a section that one living worker at a time executes, by Lamport's bakery algorithm."""
    own = f"{_TICKET}{worker.id}"
    study.set_user_attr(own, 0)
    study.set_user_attr(own, 1 + max(ticket for ticket, _ in _tickets(study)))
    try:
        while True:
            tickets = _tickets(study)  # read first: a worker that draws a ticket later is alive now
            alive = worker.alive()
            if min(ticket for ticket in tickets if ticket[1] in alive)[1] == worker.id:
                break
            sleep(0.1)
        yield
    finally:
        study.set_user_attr(own, None)


def _tickets(study: Study) -> list[tuple[int, str]]:
    return [
        (ticket, key.removeprefix(_TICKET))
        for key, ticket in study.user_attrs.items()
        if key.startswith(_TICKET) and ticket is not None
    ]
