"""The explorer of rules in a report, without a browser."""

import re

from recsys.reporting.rule_explorer import explorer_of
from recsys.runs.sweep import read_sweep
from tests.reporting.test_report import TITLES, make


def test_the_best_rules_have_their_titles_and_measures(tmp_path):
    explorer = explorer_of(read_sweep(make(tmp_path)))
    summary, rules = explorer.content["summary"], explorer.content["rules"]
    assert summary["n_rules"] == len(rules) == 28
    assert (summary["max_length"], summary["nouns"]["item"], summary["nouns"]["verb"]) == (3, "film", "")
    titles = {item["item_id"]: item["title"] for rule in rules for item in rule["antecedents"]}
    assert titles == dict(enumerate(TITLES))  # also of the one with a separator
    (rule,) = [rule for rule in rules if [item["item_id"] for item in rule["antecedents"]] == [1, 2]]
    assert (rule["support_count"], rule["measures"]["lift"]) == (2, 13 / 12)
    assert rule["measures"]["conviction"] is None  # infinite


def test_the_modules_are_one_program(tmp_path):
    program = explorer_of(read_sweep(make(tmp_path))).program
    assert not re.search(r"^\s*(import|export)\b", program, re.MULTILINE)
    used = set(re.findall(r"= modules\.(\w+);", program))
    defined = re.findall(r"^modules\.(\w+) = ", program, re.MULTILINE)
    assert used == {*defined[:-1]}
    assert defined[-1] == "explorer"


def test_a_trial_without_rules_has_no_explorer(tmp_path):
    sweep = read_sweep(make(tmp_path))
    (tmp_path / "3/rules.parquet").unlink()
    assert explorer_of(sweep) is None
