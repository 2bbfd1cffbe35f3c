"""What the sweeper writes into the user attributes of a trial."""

from __future__ import annotations

JOB_NUM = "job_num"
"""The number of its job, which is the trial's own."""

JOB_DIR = "job_dir"
"""The folder of its job."""

LINKS = "links"
"""Where else it is recorded: what its job's folder says in ``links.json``."""

OVERRIDES = "overrides"
"""All overrides that its job was given."""

FAIL_REASON = "fail_reason"
"""Why it failed or was pruned, in a line."""

WORKER = "worker"
"""The process that runs it, by the id under which the study knows that process."""

ANSWERED_FROM = "answered_from"
"""The number of the trial whose values it took over, instead of running a job."""

EQUIVALENCE = "equivalence"
"""What it has in common with all trials of the same outcome, as the application says."""

IDENTITY = "identity"
"""The digest of the identity that the study had when it was run: search space, configuration and data."""

DISCARDED = "discarded"
"""Why it is no result, and does not count: ``surplus``, ``outside``, ``lost``, ``interrupted`` or ``broken``.

The questions of lost and interrupted trials are asked again."""

INSTEAD_OF = "instead_of"
"""The number of the lost trial whose question it asks again."""

WARM_START = "warm_start"
"""The study it was taken over from, and its number there."""

ENQUEUED = "enqueued"
"""The question of ``hydra.sweeper.enqueue`` that it asks, as text."""

OWN = frozenset(
    {
        JOB_NUM,
        JOB_DIR,
        LINKS,
        OVERRIDES,
        FAIL_REASON,
        WORKER,
        ANSWERED_FROM,
        EQUIVALENCE,
        IDENTITY,
        DISCARDED,
        INSTEAD_OF,
        WARM_START,
        ENQUEUED,
    }
)
"""All of them: an application may have keys of these names, and fixed overrides are user attributes, too."""
