"""Names that MLflow accepts."""

import re
from collections.abc import Mapping

_NOT_IN_NAMES = re.compile(r"[^\w./: -]", re.ASCII)


def name_of(name: str) -> str:
    """Return an accepted name of a metric, parameter or tag.

    >>> name_of("ndcg@10"), name_of("++apriori.min_support")
    ('ndcg_at_10', 'apriori.min_support')
    """
    return _NOT_IN_NAMES.sub("_", re.sub(r"(^|\.)[+~]+", r"\1", name).replace("@", "_at_"))


def accepted(values: Mapping[str, str], max_length: int) -> dict[str, str]:
    """Return parameters or tags under accepted names, cut to a length."""
    return {name_of(name): value[:max_length] for name, value in values.items()}
