"""Files of metrics with intervals: `{name: {metric: {value, low, high}}}`, by trial or by choice."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from recsys.metrics import Interval
from recsys.runs.json_file import read_json, write_json

Intervals = dict[str, Interval]  # by the name of the metric


def read_intervals(path: Path) -> dict[str, Intervals]:
    """Read a file of metrics; empty if there is none."""
    content = read_json(path).items()
    return {name: {metric: Interval(**one) for metric, one in found.items()} for name, found in content}


def write_intervals(path: Path, measured: Mapping[str, Intervals]) -> None:
    """Write a file of metrics, atomically."""
    named = measured.items()
    write_json(path, {name: {metric: asdict(one) for metric, one in found.items()} for name, found in named})
