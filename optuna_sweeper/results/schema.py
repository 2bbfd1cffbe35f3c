"""Names in the files that a sweep leaves, for programs that read them. Imports neither Hydra nor Optuna."""

from enum import StrEnum

from optuna_sweeper.study.attributes import ANSWERED_FROM, FAIL_REASON, JOB_DIR

RESULTS_FILE = "optimization_results.yaml"
TRIALS_FILE = "trials.csv"
STUDY_FILE = ".study.json"  # in the folder of a sweep: the study that the folder belongs to
TRIAL_FILE = ".trial.json"  # in the folder of a job: the trial that the folder belongs to
LINKS_FILE = "links.json"  # in the folder of a job, optional, written by the job: where else it is recorded

# The columns of trials.csv: NUMBER, STATE, those of the values (`value_columns`), one for each parameter and
# one for each constraint, then these.
NUMBER, STATE = "number", "state"
PARAMETER_PREFIX, CONSTRAINT_PREFIX = "params_", "constraints_"
START, END, SECONDS = "start", "end", "seconds"
OTHER_IDENTITY = "other_identity"  # "true" for trials of another identity, which are never results
LAST_COLUMNS = (START, END, SECONDS, JOB_DIR, FAIL_REASON, ANSWERED_FROM, OTHER_IDENTITY)


def value_columns(n_objectives: int) -> list[str]:
    """Return the names of the objectives' columns."""
    return ["value"] if n_objectives == 1 else [f"value_{i}" for i in range(n_objectives)]


class End(StrEnum):
    """How a sweep ended: ``ended_by`` in the results. A sweep that runs, or was killed, has none."""

    TOTAL = "total"  # all trials are finished, by whichever process, and at least one is complete
    TIMEOUT = "timeout"  # `hydra.sweeper.timeout` has passed
    NO_IMPROVEMENT = "no_improvement"  # `hydra.sweeper.stop_after_no_improvement` has been reached
    INTERRUPT = "interrupt"  # Ctrl-C or SIGTERM
    FAILURES = "failures"  # more failed than `hydra.sweeper.max_failure_rate` allows, or none is complete
    EXHAUSTED = "exhausted"  # the sampler has no further parameters to suggest
    ERROR = "error"  # any other error: the storage, the sampler, an unknown key
