"""Each message whose cure can be typed is tried, or it is said why not."""

import ast

import pytest

from scripts.list_errors import ROOT, messages
from tests.integration.test_cures import TRIED

NO_CURE = "no cure: how a value is written"
SPARK = "needs Spark"
NETWORK = "needs a network"
API = "an expression of Python with a part to fill in"
NOT_TRIED = {
    ("recsys/preprocessing/count_rules.py", "{self.maximum}"): NO_CURE,
    ("optuna_sweeper/search/parameter.py", "{self.name}="): NO_CURE,
    ("recsys/frequent_patterns/one_hot.py", "null_values=False"): "mlxtend's own words",
    ("recsys/frequent_patterns/rules.py", "support_only=True"): "mlxtend's own words",
    ("recsys/recommenders/model.py", "Histories.from_pairs"): API,
    ("recsys/evaluation/preparation.py", "Some items look like lists"): API,
    ("recsys/reporting/comparison.py", "measures no recommendations"): "the cure of objective.py",
    ("recsys/reporting/callbacks.py", "Set for example"): "takes a sweep of several recommenders",
    ("recsys/reporting/callbacks.py", "tries again"): "needs a report that cannot be made",
    ("recsys/feedback/store.py", "make serve"): "starts the service",
    ("recsys/cli/help.py", ""): "the overview, see tests/cli/test_help.py",
    ("recsys/interactive/frames.py", "dataset.{path_key}="): "overrides that it writes itself",
    ("recsys/cli/inspect.py", "python -m recsys serve"): "starts the service",
    ("recsys/serving/source.py", "make sweep"): "takes a sweep of 60 trials",
    ("recsys/spark/", ""): SPARK,
    ("recsys/pipeline.py", "which only mines rules"): SPARK,
    ("recsys/tracking/mlflow_callback.py", "make ui (mlflow ui"): "the options of tests/tracking/test_ui.py",
    ("recsys/runs/provenance.py", ""): NO_CURE,
    ("recsys/interactive/frames.py", "{path_key}="): NO_CURE,
    ("recsys/mlflow_store/experiment.py", "the run MLFLOW_RUN_ID={run_id}"): NO_CURE,
    ("recsys/models/store.py", "shlex.join"): NO_CURE,
    ("recsys/runs/sweep.py", "shlex.join"): NO_CURE,
    ("recsys/explorer/graphml.py", "xmlns="): NO_CURE,
    ("recsys/serving/explorer.py", "max-age="): NO_CURE,
    ("recsys/serving/explorer.py", "filename="): NO_CURE,
    ("recsys/tracking/note.py", "shlex.join"): NO_CURE,
    ("optuna_sweeper/instantiate.py", "execution_whitelist"): "needs Hydra 1.4",
}


@pytest.fixture(scope="module")
def typed():
    sources = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    marked = [mark for source in sources if "@tries(" in source for mark in _marked(source)]
    return [one for one in messages(ROOT) if one.is_typed], [*TRIED, *marked]


def _marked(source):
    """Return what the decorators of a file mark, without its import, which may take long."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tries":
            file, *pieces = [one.value for one in node.args]
            yield from ((file, piece) for piece in pieces)


def _is_of(message, file, piece):
    return message.place.startswith(file) and piece in message.text


def test_each_cure_is_tried_or_it_is_said_why_not(typed):
    found, tried = typed
    known = [*tried, *NOT_TRIED]
    left = [f"{one.place}: {one.text}" for one in found if not any(_is_of(one, *where) for where in known)]
    assert not left


def test_each_mark_is_of_a_message(typed):
    found, tried = typed
    known = [*tried, *NOT_TRIED]
    assert not [where for where in known if not any(_is_of(one, *where) for one in found)]
