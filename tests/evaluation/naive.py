"""Each metric of one user, as its definition reads."""

from itertools import combinations
from math import log2


def ndcg(listed, liked, k):
    gain = sum(1 / log2(rank + 1) for rank, item in enumerate(listed[:k], 1) if item in liked)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(k, len(liked)) + 1))


def n_hits(listed, liked, k):
    return len(set(listed[:k]) & set(liked))


def recall(listed, liked, k):
    return n_hits(listed, liked, k) / len(liked)


def capped_recall(listed, liked, k):
    return n_hits(listed, liked, k) / min(k, len(liked))


def precision(listed, liked, k):
    return n_hits(listed, liked, k) / k


def average_precision(listed, liked, k):
    ranks = [rank for rank, item in enumerate(listed[:k], 1) if item in liked]
    return sum(precision(listed, liked, rank) for rank in ranks) / min(k, len(liked))


def reciprocal_rank(listed, liked, k):
    return next((1 / rank for rank, item in enumerate(listed[:k], 1) if item in liked), 0.0)


def hit_rate(listed, liked, k):
    return float(any(item in liked for item in listed[:k]))


ACCURACY = {
    "ndcg": ndcg,
    "recall": recall,
    "capped_recall": capped_recall,
    "precision": precision,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "hit_rate": hit_rate,
}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def novelty(listed, likes_of_users, k):
    def bits(item):
        return -log2(max(sum(item in likes for likes in likes_of_users), 1) / len(likes_of_users))

    return mean(bits(item) for item in listed[:k])


def diversity(listed, categories, k):
    def unlike(one, two):
        return 1 - len(one & two) / len(one | two) if one | two else 0.0

    return mean(unlike(set(categories[i]), set(categories[j])) for i, j in combinations(listed[:k], 2))


def fallback_share(sources, k):
    return mean(source == "fallback" for source in sources[:k])


def coverage(lists, n_items, k):
    return len({item for listed in lists for item in listed[:k]}) / n_items


def average_popularity(listed, likes_of_users, k):
    return mean(sum(item in likes for likes in likes_of_users) for item in listed[:k])


def exposure_gini(lists, n_items, k):
    exposures = [0.0] * n_items
    for listed in lists:
        for rank, item in enumerate(listed[:k], start=1):
            exposures[item] += 1 / log2(rank + 1)
    differences = sum(abs(one - other) for one in exposures for other in exposures)
    return differences / (2 * n_items * sum(exposures)) if sum(exposures) else 0.0


def of_each(metric, listed, liked, before, k):
    """Return a metric of repeats and of new items, None for a user who has no such targets."""
    kinds = {"repeat": set(liked) & set(before), "new": set(liked) - set(before)}
    return {which: metric(listed, targets, k) if targets else None for which, targets in kinds.items()}


def repeat_share(listed, before, k):
    return mean(item in before for item in listed[:k])


def revenue(listed, liked, prices, k):
    return sum(prices[item] for item in listed[:k] if item in liked)


def revenue_capture(listed, liked, prices, k):
    whole = sum(prices[item] for item in liked if item < len(prices))
    return revenue(listed, liked, prices, k) / whole if whole else None
