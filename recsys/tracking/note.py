"""The description of a run in MLflow, in Markdown."""

import shlex
from pathlib import Path

from optuna_sweeper.safe_text import mask_values
from recsys.metrics import MAX_LIFT, NDCG
from recsys.runs.files import COMPARISON_FILE, DATA_FILE
from recsys.runs.json_file import read_json
from recsys.runs.summary import as_text, on_test, outcome, searched
from recsys.runs.sweep import PROGRAM, Sweep
from recsys.runs.trials import read_metrics

WIDTH = 100  # characters of a line
NOTE = "mlflow.note.content"  # the tag that MLflow shows as the description


def sweep_note(sweep: Sweep) -> str:
    """Describe a sweep: what was searched on which data, what won, and how to repeat it.

    Of a sweep that goes on it says how far it has come.
    """
    paragraphs = [searched(sweep), _compared(sweep), outcome(sweep), on_test(sweep)]
    if best := sweep.best:
        title = f"Trial {best.number}" if len(sweep.metrics) == 1 else f"Trial {best.number}, of the front"
        rows = [f"| `{name}` | {_cell(value)} |" for name, value in best.params.items()]
        paragraphs.append("\n".join([f"| {title} | |", "| --- | --- |", *rows]) if rows else "")
    paragraphs.append(f"To repeat the search:\n\n{_code(sweep.command())}")
    if sweep.best_folder is not None:
        paragraphs.append(f"To repeat the best trial:\n\n{_code(sweep.best_command())}")
    return "\n\n".join(filter(None, paragraphs))


def run_note(folder: Path, overrides: list[str]) -> str:
    """Describe a single run from its folder: its data, its main metrics, and how to repeat it."""
    metrics, data = read_metrics(folder), read_json(folder / DATA_FILE)
    shown = [f"{name} {as_text(metrics[name], name)}" for name in (MAX_LIFT, NDCG) if name in metrics]
    on = f" from {data['dataset']} ({data['n_ratings']:,} interactions)" if data else ""
    text = f"{metrics.get('n_rules', 0):,.0f} rules{on}: {', '.join(shown)}."
    command = shlex.join([*PROGRAM, *mask_values(overrides)])
    return f"{text}\n\nTo repeat it:\n\n{_code(command)}"


def _compared(sweep: Sweep) -> str:
    if not (sweep.folder / COMPARISON_FILE).exists():
        return ""
    from recsys.runs.comparison import Comparison  # late: it needs half a second of imports

    comparison = Comparison.read(sweep)
    return comparison.sentence() if comparison else ""


def _cell(value: str) -> str:
    return f"`{value}`".replace("|", r"\|")


def _code(command: str) -> str:
    """Return a block of code, by its indent: a command may hold any marks.

    A long command has a line for each override: MLflow's page grows as wide as the longest line.
    """
    if len(command) > WIDTH:
        command = " \\\n  ".join(map(shlex.quote, shlex.split(command))).replace(" \\\n  ", " ", 2)
    return "\n".join(f"    {line}" for line in command.splitlines())
