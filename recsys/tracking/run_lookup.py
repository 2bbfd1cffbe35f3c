"""Find the runs of an MLflow experiment by our keys, in few requests; merge those that were created twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recsys.tracking.entry import Tag, missing_key

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT_TAG = "mlflow.parentRunId"
UNWRITABLE = re.compile(r"['\"\\]")  # in MLflow's filters


class RunLookup:
    """The runs of one experiment; their ids are kept."""

    def __init__(self, client: MlflowClient, experiment_id: str) -> None:
        self.client, self.experiment_id = client, experiment_id
        self.ids: dict[str, str] = {}  # by key
        self._listed: set[str] = set()  # keys of runs whose children were read
        self._children: dict[str, Run] = {}  # of those, by their keys, until they are used
        self._parameters: dict[str, dict[str, str]] = {}  # of runs whose parameters are copied

    def forget_children(self) -> None:
        """Read children again when they are needed, because a request failed that may have been applied."""
        self._listed.clear()

    def id_of(self, key: str) -> str:
        """Return MLflow's id of the run with a key; raise `KeyError` if there is none."""
        if key not in self.ids:
            self.ids[key] = self._existing(key)[0].info.run_id
        return self.ids[key]

    def find(self, key: str) -> Run | None:
        """Find a run by its key."""
        return next(iter(self._with_key(key)), None)

    def earlier(self, key: str, parent: str | None) -> Run | None:
        """Find a run that exists already; all children of a sweep are read at once."""
        if key in self.ids:
            run = self.client.get_run(self.ids[key])
            if run.info.lifecycle_stage == "active":
                return run
            kept = self.find(key)  # another process had created the same, and kept its own
            return kept if kept is None or parent is not None else self.settled(key)
        if parent is None:
            return self.find(key)
        if parent not in self._listed:
            self._children |= {key_of(run): run for run in self._under(self.id_of(parent))}
            self._listed.add(parent)
        return self._children.pop(key, None)

    def settled(self, key: str) -> Run:
        """Return the run of a study, after merging duplicates.

        Workers that start at once may each create one. All of them keep the first, by start time and id; the
        children of the others are moved to it and the others deleted.
        """
        first, *others = sorted(self._existing(key), key=lambda run: (run.info.start_time, run.info.run_id))
        # Our former run may have been deleted by another worker and have new children.
        former = {run.info.run_id for run in others} | {self.ids.get(key, first.info.run_id)}
        for run_id in former - {first.info.run_id}:
            for child in self._under(run_id):
                self.client.set_tag(child.info.run_id, PARENT_TAG, first.info.run_id)
        for run in others:
            self.client.delete_run(run.info.run_id)
        self.ids[key] = first.info.run_id
        return first

    def children_of(self, parent: str) -> dict[int, Run]:
        """Return the child runs of the run with a key by trial, after deleting duplicates without a job."""
        runs: dict[int, list[Run]] = {}
        for run in self._under(self.id_of(parent)):
            if run.data.tags.get(Tag.NUMBER, "").isdecimal():
                runs.setdefault(int(run.data.tags[Tag.NUMBER]), []).append(run)
        for number, same in runs.items():
            # Those of jobs come last, the latest at the end; the order is the same in all processes.
            made = missing_key(parent, number)
            same.sort(key=lambda run: (key_of(run) != made, run.info.start_time, run.info.run_id))
            for run in same[:-1]:
                if key_of(run) == made:
                    self.client.delete_run(run.info.run_id)
        children = {number: same[-1] for number, same in runs.items()}
        self.ids |= {key_of(run): run.info.run_id for run in children.values()}
        return children

    def parameters_of(self, key: str) -> dict[str, str]:
        """Return the parameters of a run; empty if there is none with this key."""
        if key not in self._parameters:
            run = self.find(key)
            self._parameters[key] = dict(run.data.params) if run else {}
        return self._parameters[key]

    def _with_key(self, key: str) -> list[Run]:
        query = f"tags.`{Tag.KEY}` = '{key}'"
        if "'" in key:  # MLflow's filters cannot escape it; _ matches any character
            query = f"tags.`{Tag.KEY}` LIKE '{UNWRITABLE.sub('_', key)}'"
        found = self.client.search_runs([self.experiment_id], query)
        return [run for run in found if run.data.tags[Tag.KEY] == key]

    def _existing(self, key: str) -> list[Run]:
        if runs := self._with_key(key):
            return runs
        raise KeyError(f"MLflow has no run with the tag {Tag.KEY} = {key}")

    def _under(self, run_id: str) -> list[Run]:
        runs: list[Run] = []
        token = None
        while token != "":
            query, order = f"tags.`{PARENT_TAG}` = '{run_id}'", ["attributes.start_time ASC"]
            page = self.client.search_runs([self.experiment_id], query, order_by=order, page_token=token)
            runs += page
            token = page.token or ""
        return runs


def key_of(run: Run) -> str:
    """Return our key of a run, or its id."""
    return str(run.data.tags.get(Tag.KEY, run.info.run_id))
