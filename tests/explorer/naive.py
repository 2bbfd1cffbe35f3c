"""The explorer, naively: a list of dictionaries."""

import math
import unicodedata

from recsys.data.titles import display_title


def rows(table):
    """Return the rules of a table as dictionaries, with lists of item indices."""
    found = []
    for rule in range(len(table)):
        sides = [
            side.items[side.offsets[rule] : side.offsets[rule + 1]].tolist()
            for side in (table.antecedents, table.consequents)
        ]
        measures = {name: float(values[rule]) for name, values in table.measures.items()}
        count = int(table.support_counts[rule])
        columns = {**measures, "support_count": count, "length": len(sides[0]) + len(sides[1])}
        found.append({"rule_id": rule, "sides": sides, "columns": columns})
    return found


def find(table, query):
    """Return the ids of the rules that a query finds, in its order."""
    found = [row for row in rows(table) if _holds(table, query, row)]
    finite = [row for row in found if math.isfinite(row["columns"][query.sort])]
    sign = -1 if query.descending else 1
    finite.sort(key=lambda row: (sign * row["columns"][query.sort], row["rule_id"]))
    others = [row for row in found if not math.isfinite(row["columns"][query.sort])]
    return [row["rule_id"] for row in [*finite, *others]]


def _holds(table, query, row):
    left, right = ([str(table.item_ids[item]) for item in side] for side in row["sides"])
    written = [table.titles[item] for side in row["sides"] for item in side]
    titles = [_plain(title) for one in written for title in (one, display_title(one)[0])]
    return (
        all(any(word in title for title in titles) for word in _plain(query.text).split())
        and all(str(one) in [*left, *right] for one in query.item)
        and all(str(one) in left for one in query.antecedent)
        and all(str(one) in right for one in query.consequent)
        and all(row["columns"][name] >= bound for name, bound in query.minimum.items())
        and all(row["columns"][name] <= bound for name, bound in query.maximum.items())
    )


def _plain(text):
    letters = unicodedata.normalize("NFKD", text)
    return "".join(one for one in letters if not unicodedata.combining(one)).casefold()
