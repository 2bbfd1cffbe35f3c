"""Names and lengths that MLflow accepts."""

import re
from collections.abc import Mapping

MAX_PARAM, MAX_TAG, MAX_DIGEST = 6000, 8000, 36  # characters
MAX_METRICS, MAX_PARAMS = 800, 100  # in one request
_NOT_IN_NAMES = re.compile(r"[^\w./: -]", re.ASCII)


def name_of(name: str) -> str:
    """Return an accepted name of a metric, parameter or tag.

    >>> name_of("ndcg@10"), name_of("++apriori.min_support")
    ('ndcg_at_10', 'apriori.min_support')
    """
    return _NOT_IN_NAMES.sub("_", re.sub(r"(^|\.)[+~]+", r"\1", name).replace("@", "_at_"))


def parameters(values: Mapping[str, str]) -> dict[str, str]:
    """Return parameters under accepted names and cut to the accepted length."""
    return {name_of(name): value[:MAX_PARAM] for name, value in values.items()}


def tags(values: Mapping[str, str]) -> dict[str, str]:
    """Return tags under accepted names and cut to the accepted length."""
    return {name_of(name): value[:MAX_TAG] for name, value in values.items()}
