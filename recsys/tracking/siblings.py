"""The queues of other sweeps of a study, which may be sent by other processes."""

from pathlib import Path

from recsys.runs.trials import read_trials
from recsys.tracking.queue import QUEUE_FOLDER, Queue

_MULTIRUN = Path("multirun")


def siblings(folder: Path, run: str, tracking_uri: str) -> list[Queue]:
    """Return the queues in other folders that record the same run in the same store."""
    jobs = (trial.job_dir for trial in read_trials(folder) if trial.job_dir)
    # A sweep that was killed in its first job is in no table: also look in the usual folders.
    near = [*folder.parent.glob(f"*/{QUEUE_FOLDER}"), *_MULTIRUN.glob(f"*/*/{QUEUE_FOLDER}")]
    folders = {job.parent for job in jobs} | {path.parent.resolve() for path in near}
    queues = ((Queue(other), Queue(other).about()) for other in sorted(folders - {folder}))
    ours = run, tracking_uri
    return [
        queue
        for queue, about in queues
        if (about.get("sweep", {}).get("run"), about.get("tracking_uri")) == ours
    ]


def is_at_work(queue: Queue) -> bool:
    """Whether another process is sending this queue and its sweep goes on, and will end the study's run.

    A sweep that has not started yet continues the run if it does; one that was killed before never ends it.
    """
    about = queue.about()
    return queue.is_taken() and bool(about) and about.get("started", True) and not queue.over
