"""Rule recommendations by their definition; slow, and believable at sight."""

import math

from tests.mining import naive

MEASURES = {
    "confidence": lambda n, n_ac, n_a, n_c: n_ac / n_a,
    "lift": lambda n, n_ac, n_a, n_c: n * n_ac / (n_a * n_c),
    "leverage": lambda n, n_ac, n_a, n_c: n_ac / n - n_a * n_c / n**2,
    "jaccard": lambda n, n_ac, n_a, n_c: n_ac / (n_a + n_c - n_ac),
}


def weighted_rules(train, min_support, max_len, settings):
    """Return {(antecedent, item): weight} of the rules that recommend something."""
    n = len(train)
    found = {}
    for sides, counts in naive.rules(naive.frequent_itemsets(train, min_support, max_len)).items():
        antecedent, consequent = sides
        n_ac, n_a, n_c = counts
        if len(consequent) > 1:
            continue
        if settings.weight == "damped_lift":
            weight = (n_ac + settings.damping) / (n_a * n_c / n + settings.damping)
        else:
            weight = MEASURES[settings.weight](n, n_ac, n_a, n_c)
        weight *= n_c**-settings.alpha
        if weight > 1e-15:
            found[antecedent, consequent[0]] = weight
    return found


def contributions(history, item, rules, settings):
    """Return {antecedent: what its rule contributes to the score of an item}."""
    n = settings.half_life
    age = {like: len(history) - 1 - place for place, like in enumerate(history)}
    return {
        antecedent: (1 if n is None else 2 ** (-max(age[like] for like in antecedent) / n)) * weight
        for (antecedent, consequent), weight in rules.items()
        if consequent == item and set(antecedent) <= set(history)
    }


def score(values, settings):
    """Return the score that contributions make; those of noisy_or are evidence, -log(1 - w)."""
    match settings.aggregation:
        case "sum" | "noisy_or":
            return sum(values)
        case "max":
            return max(values, default=0)
        case "mean_top_m":
            return sum(sorted(values)[-settings.top_m :]) / settings.top_m


def as_evidence(rules, n_transactions):
    """Return -log(1 - p) of each rule, p its weight as a probability."""
    highest = max(1.0, *rules.values()) if rules else 1.0
    surest = n_transactions / (n_transactions + 1)
    return {sides: -math.log(1 - min(weight / highest, surest)) for sides, weight in rules.items()}
