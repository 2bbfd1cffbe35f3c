"""The example of docs/how-to/preprocessing.md: its files, its command, its rules and its recommendations."""

import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq

from recsys.cli import recommend

PAGE = (Path(__file__).parents[2] / "docs/how-to/preprocessing.md").read_text()


def test_the_example_prints_what_the_page_shows(call, tmp_path, capfd):
    commands, advice = (block.replace("\\\n", " ") for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S))
    shown_rule, shown_lists = re.findall(r"```text\n(.*?)```", PAGE, re.S)
    *written, run = commands.splitlines()
    for line in written:
        _, text, _, name = shlex.split(line)
        (tmp_path / name).write_text(text.replace("\\n", "\n"))
    outcome = call(*shlex.split(run)[3:])
    assert outcome.code == 0, outcome.stderr
    assert shown_rule.strip() in outcome.stdout + outcome.stderr

    rows = pq.read_table(tmp_path / "outputs/levels/rules.parquet").to_pylist()
    sides = {(*one["antecedents"], *one["consequents"]) for one in rows}
    assert ("buns", "category: fruit") in sides
    assert not sides & {("lemons", "category: fruit"), ("category: bread", "buns")}
    table = (tmp_path / "outputs/levels/rules.csv").read_text()
    assert "buns,category: fruit,3,0.75,1.0,1.0" in table.splitlines()

    assert recommend.main(shlex.split(advice)[4:]) == 0
    assert shown_lists in capfd.readouterr().out
