"""GraphML of rules: items and rules are nodes, as in arulesViz' `saveAsGraph`."""

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from recsys.explorer.table import IntArray, RuleTable

AT_ONCE = 5000  # rules in a part
ATTRIBUTES = {"type": "string", "label": "string", "item_id": "string", "support_count": "long"}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_graphml(table: RuleTable, rules: IntArray) -> Iterator[bytes]:
    """Yield rules as a directed graph in GraphML.

    Nodes have a `type`. An item has its title as `label`, which Gephi shows, and its `item_id`; a rule has
    `support_count` and the measures, without those that are not finite. Edges lead from the antecedents to
    the rule, and from there to the consequents. Characters that XML cannot hold become U+FFFD.
    """
    keys = ATTRIBUTES | dict.fromkeys(table.measures, "double")
    declared = (
        f'<key id="{name}" for="node" attr.name="{name}" attr.type="{kind}"/>\n'
        for name, kind in keys.items()
    )
    yield f'{HEAD}{"".join(declared)}<graph id="rules" edgedefault="directed">\n'.encode()
    sides = table.antecedents, table.consequents
    items = np.unique(np.concatenate([side.of(rules).items for side in sides]))
    yield "".join(_item(table, item) for item in items.tolist()).encode()
    for start in range(0, len(rules), AT_ONCE):
        yield _rules(table, rules[start : start + AT_ONCE]).encode()
    yield b"</graph>\n</graphml>\n"


def _item(table: RuleTable, item: int) -> str:
    title, item_id = (_text(str(one)) for one in (table.titles[item], table.item_ids[item]))
    data = f'<data key="type">item</data><data key="label">{title}</data><data key="item_id">{item_id}</data>'
    return f'<node id="i{item}">{data}</node>\n'


def _rules(table: RuleTable, rules: IntArray) -> str:
    nodes = [f"i{item}" for item in range(len(table.item_ids))]
    sides = [side.of(rules).lists(nodes) for side in (table.antecedents, table.consequents)]
    values = {"support_count": table.support_counts} | dict(table.measures)
    columns = [_data(name, column[rules]) for name, column in values.items()]
    lines = []
    for rule, antecedents, consequents, *data in zip(rules.tolist(), *sides, *columns, strict=True):
        lines.append(f'<node id="r{rule}"><data key="type">rule</data>{"".join(data)}</node>')
        lines += [f'<edge source="{item}" target="r{rule}"/>' for item in antecedents]
        lines += [f'<edge source="r{rule}" target="{item}"/>' for item in consequents]
    return "\n".join([*lines, ""])


def _data(name: str, values: np.ndarray[Any, Any]) -> list[str]:
    pairs = zip(values.tolist(), np.isfinite(values).tolist(), strict=True)
    return [f'<data key="{name}">{value!r}</data>' if finite else "" for value, finite in pairs]


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("\ufffd", text))
