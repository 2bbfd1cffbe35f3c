"""The description of a run in MLflow: its commands can be typed, and do not widen the page."""

import json
import shlex

from recsys.tracking.note import WIDTH, run_note


def test_a_long_command_is_broken_where_a_shell_reads_on(tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps({"n_rules": 7, "max_lift": 2.0}))
    overrides = [
        *(f"recommender.parameter_{n}=0.12345678901234567" for n in range(4)),
        "dataset.path=it's a `file`",
    ]
    note = run_note(tmp_path, overrides)
    assert note.startswith("7 rules: max_lift 2.\n\nTo repeat it:\n\n    python -m recsys")
    lines = note.split("\n\n")[-1].splitlines()
    assert len(lines) == 6
    assert all(line.startswith("    ") and len(line) < WIDTH for line in lines)
    command = "\n".join(lines).replace("\\\n", "")
    assert shlex.split(command) == ["python", "-m", "recsys", *overrides]
