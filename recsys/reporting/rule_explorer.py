"""The explorer of rules in a report: rules of the best trial, filtered and drawn by the page itself."""

import re
from dataclasses import asdict
from importlib.resources import files
from itertools import pairwise

import numpy as np

from recsys.data import ItemCatalog, Nouns
from recsys.data.nouns import read_words
from recsys.explorer import RuleTable
from recsys.reporting.page import Explorer
from recsys.rules import Rules
from recsys.runs.files import CONFIG_FILE, DATA_FILE, RULES_FILE, TITLE_SEPARATOR
from recsys.runs.json_file import read_json
from recsys.runs.sweep import Sweep
from recsys.runs.yaml_file import load_yaml

MAX_RULES = 500

_STATIC = files("recsys.explorer") / "static"
_IMPORT = re.compile(r'^import \{ (.*) \} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def explorer_of(sweep: Sweep) -> Explorer | None:
    """Return the explorer of the best rules of the best trial; None without a file of rules, or rules."""
    folder = sweep.best_folder
    if folder is None or not (folder / RULES_FILE).exists():
        return None
    rules = Rules.from_parquet(folder / RULES_FILE)[:MAX_RULES]
    if not len(rules):
        return None
    words = read_words("dataset.nouns", load_yaml(folder / CONFIG_FILE).get("dataset", {}).get("nouns"))
    nouns = {**asdict(Nouns()), "verb": "", **dict(words)}  # the default verb depends on the data
    table = RuleTable.of(rules, _catalog(rules, sweep.rules()))
    summary = {
        "name": str(folder.name),
        "dataset": (read_json(folder / DATA_FILE) or {}).get("dataset", ""),
        "nouns": nouns,
        **table.summary(),
        "can_recommend": False,
    }
    content = {"summary": summary, "rules": list(table.rows(np.arange(len(table))))}
    return Explorer(content, _read("explorer.css"), _read("cytoscape.min.js"), _bundle())


def _catalog(rules: Rules, rows: list[dict[str, str]]) -> ItemCatalog:
    """Return the titles of the items.

    `rows` are those of `rules.csv`, which has the titles of a whole side in one text. From a side of several
    items they are not taken if one of them contains the separator.
    """
    titles: dict[int, str] = {}
    for name, side in (("antecedents", rules.antecedents), ("consequents", rules.consequents)):
        offsets, items = rules.source.flatten(side)
        for row, (start, stop) in zip(rows, pairwise(offsets.tolist()), strict=False):
            parts = row[name].split(TITLE_SEPARATOR) if stop - start > 1 else [row[name]]
            if len(parts) == stop - start:
                titles |= zip(items[start:stop].tolist(), parts, strict=True)
    ids = rules.source.items
    return ItemCatalog(ids, tuple(titles.get(item, "") for item in range(len(ids))), ((),) * len(ids))


def _bundle() -> str:
    """Return the explorer's modules as one: a browser loads no modules for a page that is a file."""
    done: dict[str, str] = {}
    _add("explorer", done)
    return "\n".join(["const modules = {};", *done.values()])


def _add(name: str, done: dict[str, str]) -> None:
    """Add a module as a function that is called once, after those that it imports."""
    text = _read(f"{name}.js")
    for _, other in _IMPORT.findall(text):
        if other not in done:
            _add(other, done)
    exported = ", ".join(found for _, found in _EXPORT.findall(text))
    body = _EXPORT.sub(r"\1", _IMPORT.sub(r"const { \1 } = modules.\2;", text))
    done[name] = f"modules.{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")
