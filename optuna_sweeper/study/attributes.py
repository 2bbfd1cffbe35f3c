"""The user attributes of a trial that the sweeper writes."""

from __future__ import annotations

JOB_NUM = "job_num"
"""The number of its job, which is that of the trial."""

JOB_DIR = "job_dir"
"""The folder of its job."""

LINKS = "links"
"""Other records of it: the content of ``links.json`` in its job's folder."""

OVERRIDES = "overrides"
"""The overrides of its job."""

FAIL_REASON = "fail_reason"
"""The reason why it failed or was pruned, in a line."""

WORKER = "worker"
"""The id of the worker that runs it."""

ANSWERED_FROM = "answered_from"
"""The number of the trial whose values it took over instead of running a job."""

EQUIVALENCE = "equivalence"
"""The key of ``hydra.sweeper.equivalence``, equal for all trials of the same outcome."""

IDENTITY = "identity"
"""The digest of the identity that the study had when the trial was run."""

DISCARDED = "discarded"
"""The reason why it does not count: ``surplus``, ``outside``, ``lost``, ``interrupted`` or ``broken``.

The parameters of lost and interrupted trials are enqueued again."""

INSTEAD_OF = "instead_of"
"""The number of the lost trial whose parameters it has."""

WARM_START = "warm_start"
"""The study of which it is a copy, and its number there."""

ENQUEUED = "enqueued"
"""The item of ``hydra.sweeper.enqueue`` that it runs, as text."""

OWN = frozenset(value for name, value in dict(globals()).items() if name.isupper())
"""All of them. Fixed overrides are user attributes as well, and may not overwrite these."""
