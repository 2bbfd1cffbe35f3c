"""`python -m recsys --help`: groups, options and keys, as the files of conf/ describe them.

tests/integration/test_config.py compares the keys of each option with those that Hydra composes.
"""

import sys

import pytest

from recsys import __main__
from recsys.cli import COMMANDS, config_groups
from recsys.cli.help import main
from recsys.runs.trusted import CONF


def printed(capsys, *arguments):
    assert main(["--help", *arguments]) == 0
    return capsys.readouterr().out


def test_the_overview_has_a_line_for_each_command_and_group(capsys):
    text = printed(capsys)
    lines = text.splitlines()
    for command, what in COMMANDS.items():
        assert f"  {command:10} {what}" in lines
    for folder in (
        path for path in CONF.iterdir() if path.is_dir() and path.name not in ("hydra", "__pycache__")
    ):
        (row,) = [row for row, line in enumerate(lines) if line.startswith(f"  {folder.name} ")]
        assert len(lines[row].split()) > 3
        words = " ".join(lines[row + 1 :]).replace("[", "").replace("]", "").replace(",", "").split()
        options = sorted(path.stem for path in folder.glob("*.yaml"))
        assert words[: len(options)] == options
    for default in ("[ml_latest_small_2016]", "[bitset]", "[rules]", "[auto]"):
        assert text.count(default) == 1
    assert "_target_" not in text
    assert " _" not in text
    assert len(lines) < 60
    assert max(map(len, lines)) <= 110


def test_what_the_overview_advises_works(capsys):
    advised = [line.split("   ")[0] for line in printed(capsys).splitlines() if "recsys --help " in line]
    assert len(advised) == 3
    group, option, key = (printed(capsys, line.split()[-1]) for line in advised)
    assert "\n  [rules] " in group
    assert "EASE: a linear item-item model with a closed-form solution" in group
    assert option.startswith("recommender=ease\n\nEASE: a linear item-item model")
    assert "\n# L2 regularization, above 0. Larger values" in option
    assert "\nrecommender.regularization=250.0\n" in option
    assert key == (
        "apriori=default\n\n"
        "# Minimum support of an itemset, as a fraction of the transactions in (0, 1]; null: only "
        "min_count.\n"
        "apriori.min_support=0.05\n"
    )


def test_overrides_in_the_lines_of_options_are_whole(capsys):
    text = " ".join(printed(capsys, "dataset").split())
    assert "'dataset.columns={order_id: InvoiceNo, item_id: StockCode}'" in text
    assert "dataset=csv dataset.path=ratings.csv fimi" in text  # the next option, and no full stop
    assert text.count("{") == text.count("}")


def test_keys_of_included_files_and_of_other_groups(capsys):
    hybrid = printed(capsys, "recommender=hybrid")
    assert "\nrecommender.rules.weight=learned\n" in hybrid
    assert "\nrecommender.model.regularization=250.0\n" in hybrid
    assert printed(capsys, "recommender=popularity").endswith("\nIt has no keys.\n")
    assert "hydra.sweeper.stop_after_no_improvement=null\n" in printed(capsys, "hydra/sweeper=optuna")
    assert "\n  - override /evaluation: next_basket\n" in printed(capsys, "experiment=baskets")
    assert "@package" not in printed(capsys, "experiment=baskets")
    assert printed(capsys, "cache.enabled=true").endswith("\ncache.enabled=true\n")
    assert "\noutput.max_rules=1000\n" in printed(capsys, "output")


@pytest.mark.parametrize("typed", ["foo", "apriori.foo", "apriori.", "recommender=foo"])
def test_what_does_not_exist_is_refused_with_what_does(typed, capsys):
    assert main(["--help", typed]) == 1
    error = capsys.readouterr().err
    assert repr(typed.partition("=")[2] or typed) in error
    assert ("weighted_rules" if "=" in typed else "dataset, preprocessing, apriori") in error


def test_another_configuration_has_the_help_of_hydra(monkeypatch, capsys):
    monkeypatch.setattr(__main__, "main", lambda: print("of Hydra"))
    monkeypatch.setattr(sys, "argv", ["recsys", "--help", "--config-dir", "mine"])
    monkeypatch.setattr(__main__, "share_config_store", lambda: None)
    __main__.run()
    assert capsys.readouterr().out == "of Hydra\n"
    monkeypatch.setattr(sys, "argv", ["recsys", "-h"])
    with pytest.raises(SystemExit) as end:
        __main__.run()
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("recsys: experiments with association-rule recommenders.")


def test_the_comment_of_a_key_may_stand_beside_it(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(
        "# One.\n\n# Above.\na: 1  # beside\nb: {c: 2}\n_target_: x\nd:\n  # Inner.\n  e: [1,\n    2]\n"
    )
    assert [(key.name, key.value, key.comment) for key in config_groups.keys(path)] == [
        ("a", 1, "Above.\nbeside"),
        ("b.c", 2, ""),
        ("d.e", [1, 2], "Inner."),
    ]
