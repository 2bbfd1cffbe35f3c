"""The user attributes of a trial that the sweeper writes."""

JOB_NUM = "job_num"  # the number of its job, which is that of the trial
JOB_DIR = "job_dir"  # the folder of its job
LINKS = "links"  # other records of it: the content of `links.json` in its job's folder
OVERRIDES = "overrides"  # the overrides of its job
FAIL_REASON = "fail_reason"  # why it failed or was pruned, in a line
WORKER = "worker"  # the id of the worker that runs it
ANSWERED_FROM = "answered_from"  # the number of the trial whose values it took over instead of running a job
EQUIVALENCE = "equivalence"  # the key of `hydra.sweeper.equivalence`: trials of equal keys have equal values
IDENTITY = "identity"  # the digest of the identity that the study had when the trial was run
INSTEAD_OF = "instead_of"  # the number of the lost trial whose parameters it has
WARM_START = "warm_start"  # the study of which it is a copy, and its number there
ONLY_LAST = "only_last_report"  # true: its job reported no value before its end
ENQUEUED = "enqueued"  # the item of `hydra.sweeper.enqueue` that it runs, as text

# Why it does not count: `surplus`, `outside`, `lost`, `interrupted` or `broken`. The parameters of lost and
# interrupted trials are enqueued again.
DISCARDED = "discarded"

# All of them. Fixed overrides are user attributes as well, and may not overwrite these.
OWN = frozenset(value for name, value in dict(globals()).items() if name.isupper())
