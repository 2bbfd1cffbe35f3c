from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import nnls
from scipy.stats import chi2_contingency
from threadpoolctl import threadpool_limits

from recsys import generate_rules, mine
from recsys.data import Histories, Transactions
from recsys.data.hierarchy import Hierarchy
from recsys.errors import BudgetError, ParameterError
from recsys.evaluation import CompleteBasket, NextBasket
from recsys.models.serialization import put_together, take_apart
from recsys.recommenders import (
    FALLBACK,
    RULE,
    HybridRecommender,
    PopularityRecommender,
    Reason,
    RuleRecommender,
    learned_orders,
)
from recsys.recommenders._learning_kernel import regress
from recsys.recommenders._orders_kernel import find_candidates, log_likelihood_ratio
from recsys.recommenders.learned_orders import repeat_weight
from recsys.recommenders.learned_rules import LearnedRuleModel
from recsys.recommenders.order_rule_model import OrderRuleModel
from tests.integration.cures import tries
from tests.recommenders.baskets import orders, shops
from tests.recommenders.problems import deterministic, rules_of

LOOSE = RuleRecommender(min_count=1, min_llr=0.0, regularization=1.0)


def x_of(history, n_items, half_life):
    """Return the sum over orders of their recency, for each item."""
    x = np.zeros(n_items)
    for age, order in enumerate(reversed(history)):
        x[list(set(order))] += 1.0 if half_life is None else 2 ** (-age / half_life)
    return x


def samples_of(customers, n_items, settings):
    """Return x, y and the weight of each sample, scaled to a mean of 1."""
    samples = []
    for rows in customers:
        for number in range(max(1, len(rows) - settings.n_targets), len(rows)):
            y = np.isin(np.arange(n_items), rows[number]).astype(float)
            later, size = len(rows) - 1 - number, y.sum()
            recency = 1.0 if settings.target_half_life is None else 2 ** (-later / settings.target_half_life)
            samples.append((x_of(rows[:number], n_items, settings.half_life), y, recency / size**0.5))
    x, y, weights = (np.array(column) for column in zip(*samples, strict=True))
    return x, y, weights / weights.mean()


def before(customers, antecedent, consequent):
    """Return the number of customers who bought one item before another."""
    return sum(
        any(antecedent in early and consequent in late for early, late in combinations(rows, 2))
        for rows in customers
    )


def g_squared(x, y):
    """Return G^2 of two columns, as SciPy computes it; -1 unless they occur together more than by chance."""
    table = np.array([[np.sum((x > 0) & (y > 0)), np.sum((x > 0) & (y == 0))]])
    table = np.append(table, [[np.sum((x == 0) & (y > 0)), np.sum((x == 0) & (y == 0))]], axis=0)
    (a, b), (c, d) = table
    if a * d <= b * c:
        return -1.0
    return chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic


def equations_of(customers, n_items, settings):
    """Return means of x and y, and for each item its candidates, their matrix and their right side."""
    x, y, v = samples_of(customers, n_items, settings)
    mean_x, mean_y = np.average(x, axis=0, weights=v), np.average(y, axis=0, weights=v)
    x_, y_ = x - mean_x, y - mean_y
    penalty, spread = settings.regularization, v @ x_**2
    doubt = penalty / (penalty + spread)
    common = max(doubt @ (v @ (x_ * y_)), 0) / (doubt @ spread) if doubt @ spread > 1e-12 else 0.0
    equations = []
    for item in range(n_items):
        own = [
            other
            for other in range(n_items)
            if other == item
            or (
                before(customers, other, item) >= settings.min_count
                and g_squared(x[:, other], y[:, item]) >= settings.min_llr
            )
        ]
        matrix = (x_[:, own].T * v) @ x_[:, own] + penalty * np.eye(len(own))
        right = (x_[:, own].T * v) @ y_[:, item] + penalty * common * (np.array(own) == item)
        equations.append((np.array(own), matrix, right))
    return mean_x, mean_y, equations


def naive_weights(customers, n_items, settings):
    """Learn from the definition, in dense matrices; return {(antecedent, consequent): weight}, base rates."""
    _, _, equations = equations_of(customers, n_items, settings)
    x, y, v = samples_of(customers, n_items, settings)
    if settings.target_half_life is not None:  # the base rates are those of the last orders
        ends = np.cumsum([min(max(len(rows) - 1, 0), settings.n_targets) for rows in customers if rows[1:]])
        v = v * np.isin(np.arange(len(v)), ends - 1)
    mean_x, base_rates = np.average(x, axis=0, weights=v), np.average(y, axis=0, weights=v)
    weights = {}
    for item, (own, matrix, right) in enumerate(equations):
        left = np.arange(len(own))
        while len(left):
            solution = np.linalg.solve(matrix[np.ix_(left, left)], right[left])
            if (solution > 1e-13).all():
                weights |= {(other, item): w for other, w in zip(own[left].tolist(), solution, strict=True)}
                base_rates[item] -= solution @ mean_x[own[left]]
                break
            left = left[solution > 1e-13]
    return weights, base_rates


def weights_of(model):
    pairs = zip(model.rules.antecedents.tolist(), model.rules.consequents.tolist(), strict=True)
    return dict(zip(pairs, model.weights.tolist(), strict=True))


SETTINGS = st.builds(
    RuleRecommender,
    half_life=st.sampled_from([None, 1.0, 4.0]),
    regularization=st.sampled_from([0.5, 5.0]),
    min_count=st.sampled_from([1, 2]),
    min_llr=st.sampled_from([0.0, 0.7]),
    n_targets=st.sampled_from([1, 2, 9]),
    target_half_life=st.sampled_from([None, 1.5]),
)


@deterministic
@given(shop=shops(), settings=SETTINGS)
def test_weights_and_scores_are_those_of_the_definition(shop, settings):
    customers, asked, n_items = shop
    if max(map(len, customers)) < 2:
        customers = [*customers, [[0], [0]]]
    model = settings.fit(orders(customers, n_items))
    weights, base_rates = naive_weights(customers, n_items, settings)
    found = weights_of(model)
    for pair in found.keys() | weights.keys():
        assert found.get(pair, 0.0) == pytest.approx(weights.get(pair, 0.0), rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(model.base_rates, base_rates, atol=1e-9)
    queries = orders(asked, n_items)
    expected = np.zeros((len(asked), n_items))
    for (antecedent, item), weight in found.items():
        expected[:, item] += [weight * x_of(rows, n_items, settings.half_life)[antecedent] for rows in asked]
    np.testing.assert_allclose(model.scores(queries), expected, atol=1e-12)
    counts = dict(zip(found, model.rules.support_counts.tolist(), strict=True))
    assert counts == {pair: before(customers, *pair) for pair in found}


def drawn(n_customers, n_orders, n_items, choose, seed=5):
    """Draw orders: `choose` gets a generator and the customer's earlier orders."""
    generator, customers = np.random.default_rng(seed), []
    for _ in range(n_customers):
        rows = []
        for _ in range(n_orders):
            rows.append(choose(generator, rows))
        customers.append(rows)
    return orders(customers, n_items)


def popular(generator, n_items=30):
    """Draw items by popularity alone; some are four times as popular as others."""
    return np.flatnonzero(generator.random(n_items) < np.linspace(0.2, 0.05, n_items)).tolist() or [0]


def with_habits(generator, rows):
    """Draw by popularity, but whoever bought item 28 buys it again, and after item 27 comes item 29."""
    order = {item for item in popular(generator) if item < 29}
    if rows and 28 in rows[-1] and generator.random() < 0.8:
        order.add(28)
    if rows and 27 in rows[-1] and generator.random() < 0.8:
        order.add(29)
    return sorted(order) or [0]


def test_weights_are_those_of_non_negative_least_squares():
    generator = np.random.default_rng(3)
    customers = [[np.flatnonzero(generator.random(8) < 0.3).tolist() or [0]] for _ in range(60)]
    for rows in customers:
        rows += [[*rows[-1][:2], 7], [item for item in range(8) if (item + 1) % 8 in rows[0]] or [3]]
    settings = replace(LOOSE, regularization=2.0)
    found, dropped = weights_of(settings.fit(orders(customers, 8))), 0
    for item, (own, matrix, right) in enumerate(equations_of(customers, 8, settings)[2]):
        root = np.linalg.cholesky(matrix).T  # least squares of it have these normal equations
        expected, _ = nnls(root, np.linalg.solve(root.T, right))
        dropped += np.count_nonzero(expected == 0)
        assert [found.get((other, item), 0.0) for other in own.tolist()] == pytest.approx(expected)
    assert len(found) > 16
    assert dropped


def test_habits_are_found_and_recommended():
    model = RuleRecommender(regularization=1.0).fit(drawn(400, 5, 30, with_habits))
    rules = weights_of(model)
    others = {pair: weight for pair, weight in rules.items() if pair[0] != pair[1]}
    assert max(others, key=others.get) == (27, 29)
    assert max(rules, key=rules.get) in {(27, 29), (28, 28)}
    asked = orders([[[1], [28]], [[28, 27]], []], 30)
    lists = model.recommend(asked, 2, Histories.empty(asked.users, asked.items))
    assert lists.item_indices[0, 0] == 28  # what was bought before
    assert set(lists.item_indices[1].tolist()) == {28, 29}
    assert lists.sources.tolist() == [[RULE, FALLBACK], [RULE, RULE], [FALLBACK, FALLBACK]]
    by_popularity = PopularityRecommender().fit(model.train).recommend(asked, 2)
    assert lists.item_indices[2].tolist() == by_popularity.item_indices[2].tolist()
    assert 28 not in model.recommend(asked, 2).item_indices[0]


def test_integers_as_settings_compile_no_further_kernels():
    train = drawn(400, 5, 30, with_habits)
    RuleRecommender(regularization=1.5, min_llr=20.5, half_life=10.5).fit(train)
    compiled = [list(one.signatures) for one in (find_candidates, regress)]
    model = RuleRecommender(regularization=1, min_llr=20, half_life=10).fit(train)
    assert len(model.rules) > 0
    assert [one.signatures for one in (find_candidates, regress)] == compiled


def test_without_a_signal_popularity_is_left():
    train = drawn(400, 6, 30, lambda generator, rows: popular(generator))
    model = RuleRecommender().fit(train)
    everything = Histories.empty(train.users, train.items)
    found = model.recommend(train, 10, everything).item_indices
    expected = PopularityRecommender().fit(train).recommend(train, 10, everything).item_indices
    n_common = np.mean([len(np.intersect1d(*rows)) for rows in zip(found, expected, strict=True)])
    assert n_common >= 8.5
    assert (model.rules.antecedents == model.rules.consequents).sum() > 0.9 * len(model.rules)
    # Every rule that came about by chance, as without the ratio, costs items of the list.
    loose = replace(LOOSE, regularization=1.0).fit(train).recommend(train, 10, everything).item_indices
    assert np.mean([len(np.intersect1d(*rows)) for rows in zip(loose, expected, strict=True)]) < n_common


CUSTOMERS = [[[0], [0, 1], [1]], [[0], [2], [0]], [[0, 2], [1]], [[1], [0]], [[2], [2]], [[3]], []]


def test_reasons_tell_numbers_that_can_be_counted():
    model = replace(LOOSE, half_life=1.0).fit(orders(CUSTOMERS, 4))
    history = orders([[[0], [0, 1], [0]]], 4)
    (reasons,) = model.explain(history, [1])
    base, rule, repeat = sorted(reasons, key=lambda reason: reason.antecedents)
    # Of five customers who ordered twice, 3 bought 0 before another order, and 2 of them bought 1 then;
    # nobody else bought 1 after the first order.
    assert (rule.antecedents, rule.support_count, rule.confidence) == ((0,), 2, 2 / 3)
    assert rule.lift == pytest.approx((2 / 3) / (2 / 5))
    assert (repeat.antecedents, repeat.support_count, repeat.confidence) == ((1,), 1, 0.5)
    assert (rule.times, repeat.times, base.times) == (3, 1, None)
    x, weights = {0: 1 + 1 / 2 + 1 / 4, 1: 1 / 2}, weights_of(model)
    score = model.scores(history)[0, 1] + model.base_rates[1]
    assert rule.share == pytest.approx(weights[0, 1] * x[0] / score)
    assert repeat.share == pytest.approx(weights[1, 1] * x[1] / score)
    assert base == replace(model.popularity.reason(1), share=pytest.approx(model.base_rates[1] / score))
    assert model.explain(history, [1], 1) == [[max(reasons, key=lambda reason: reason.share)]]


def test_a_repeat_rule_that_nobody_could_follow_has_no_measures():
    model = LOOSE.fit(orders([*CUSTOMERS, [[2], [2]], [[1], [1]]], 4))
    (reasons,) = model.explain(orders([[[3]]], 4), [3])
    (of_itself,) = [reason for reason in reasons if reason.antecedents]
    assert of_itself == Reason((3,), 0, None, None, of_itself.share, 1)


@settings(deterministic, max_examples=25)
@given(shop=shops())
def test_shares_sum_to_one_and_reasons_to_scores(shop):
    customers, asked, n_items = shop
    customers = [*customers, [[0], [0]]]
    model = LOOSE.fit(orders(customers, n_items))
    for rows in asked:
        history = orders([rows], n_items)
        for reasons in model.explain(history, range(n_items)):
            shares = [reason.share for reason in reasons]
            assert sum(shares) == pytest.approx(1)
            assert shares == sorted(shares, reverse=True)
            for reason in reasons:
                times = sum(set(reason.antecedents) <= set(order) for order in rows)
                assert reason.times == (times if reason.antecedents else None)
    asked = orders(asked, n_items)
    together = model.recommend(asked, n_items)
    for user in range(len(asked)):
        alone = model.recommend(asked[user : user + 1], n_items)
        assert np.array_equal(alone.item_indices, together.item_indices[user : user + 1])
        assert np.array_equal(alone.scores, together.scores[user : user + 1])


def test_the_best_candidates_and_the_repeat_rule_are_learned_together():
    train = drawn(200, 4, 30, with_habits)
    model = replace(LOOSE, n_candidates=2).fit(train)
    assert np.bincount(model.rules.consequents).max() == 2
    assert {pair for pair in weights_of(model) if pair[1] == 29} <= {(27, 29), (29, 29)}
    only_repeats = replace(LOOSE, n_candidates=1).fit(train)
    assert np.array_equal(only_repeats.rules.antecedents, only_repeats.rules.consequents)


def test_a_saved_model_is_the_same():
    model = LOOSE.fit(orders(CUSTOMERS, 4))
    restored = put_together(take_apart(model), model.train)
    assert isinstance(restored, OrderRuleModel)
    history = orders([[[0], [0, 2]]], 4)
    assert restored.explain(history, [0, 1, 2]) == model.explain(history, [0, 1, 2])
    assert np.array_equal(restored.recommend(history, 4).scores, model.recommend(history, 4).scores)


def test_customers_with_one_order_have_no_rules_between_orders():
    train = orders([[[0, 1]], [[0, 1]], [[2]]], 3)
    assert isinstance(RuleRecommender().fit(train, rules_of(train.latest)), LearnedRuleModel)
    with pytest.raises(ParameterError, match="rules must be mined"):
        RuleRecommender().fit(train)


def test_rules_of_a_basket_are_learned_from_orders_as_sets():
    train = orders([[[0, 1], [2, 3]], [[0, 1], [2, 3]], [[2, 3], [0, 1]], [[0, 2]]], 4)
    rules = rules_of(train.of_steps, max_len=2)
    settings = RuleRecommender(predict="same_order", regularization=1.0, base_penalty=0.0)
    model = settings.fit(train, rules)
    # To 1, of 7 orders: 4 with 0 and 3 with both.
    expected = (3 - 4 * 3 / 7) / (4 - 4 * 4 / 7 + 1.0)
    of_1 = model.rules.source.last_items[model.rules.consequents] == 1
    assert model.weights[of_1].tolist() == pytest.approx([expected])
    lists = model.recommend(orders([[[3], [0]]], 4), 2)
    assert sorted(lists.item_indices[0].tolist()) == [1, 2]
    assert (model.half_life, train.of_steps.n_users) == (None, 7)


def test_what_is_predicted_is_left_to_the_evaluation():
    train, rules = orders(CUSTOMERS, 4), RuleRecommender()
    assert isinstance(rules.fit(train), OrderRuleModel)
    completing = CompleteBasket().recommender_for(rules)
    assert completing == RuleRecommender(predict="same_order")
    assert CompleteBasket().recommender_for(HybridRecommender()) == HybridRecommender(completing)
    for kept in (RuleRecommender(predict="next_order"), PopularityRecommender()):
        assert CompleteBasket().recommender_for(kept) is kept
    assert NextBasket().recommender_for(rules) is rules


def test_rules_between_orders_hold_no_categories():
    train = orders(CUSTOMERS, 4)
    members, no_pairs = sparse.csr_array(np.ones((4, 1), np.bool_)), np.empty((0, 2), np.int64)
    train = replace(train, hierarchy=Hierarchy(train.items, np.array(["drinks"]), members, no_pairs, False))
    with pytest.raises(ParameterError, match=r"predict must be same_order .* Set preprocessing\.levels=item"):
        RuleRecommender(predict="next_order").fit(train)


@tries("recsys/recommenders/rules.py", "Set preprocessing.levels=item for next orders")
def test_it_is_said_that_categories_leave_next_orders_out(caplog):
    train = orders(CUSTOMERS, 4)
    members, no_pairs = sparse.csr_array(np.ones((4, 1), np.bool_)), np.empty((0, 2), np.int64)
    hierarchy = Hierarchy(train.items, np.array(["drinks"]), members, no_pairs, False)
    rules = generate_rules(mine(hierarchy.extend(Transactions(train.matrix, train.items)), 0.5))
    cases = (hierarchy, "auto", 1), (hierarchy, "same_order", 0), (None, "auto", 0)
    for categories, predict, n_warnings in cases:
        caplog.clear()
        RuleRecommender(predict=predict).fit(replace(train, hierarchy=categories), rules)
        found = [record for record in caplog.records if "what a customer buys again" in record.message]
        assert len(found) == n_warnings


def test_values_multiply_what_is_expected():
    train = orders(CUSTOMERS, 4)
    priced = replace(train, item_values={"price": np.array([1.0, 10.0, 0.0, 2.0])})
    plain, by_price = (replace(LOOSE, value=value).fit(priced) for value in (None, "price"))
    factors = np.array([1.0, 10.0, 0.0, 2.0])
    np.testing.assert_allclose(by_price.base_rates, plain.base_rates * factors)
    np.testing.assert_allclose(by_price.scores(train), plain.scores(train) * factors)
    assert 2 not in by_price.rules.consequents


def test_a_hybrid_has_them_as_its_rules():
    train = drawn(100, 4, 30, with_habits)
    model = HybridRecommender(rules=RuleRecommender(regularization=50.0)).fit(train, rules_of(train.latest))
    lists = model.recommend(orders([[[27]]], 30), 1)
    assert (lists.item_indices[0, 0], lists.sources[0, 0]) == (29, RULE)


def test_threads_change_no_digit():
    # Of so many items that linear algebra would use several threads.
    products, sums, squares = np.abs(np.random.default_rng(2).normal(size=(3, 50_000, 2)))
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(repeat_weight(products[:, 0], sums, squares[:, 0], 1000, 300.0))
    assert found[0] == found[1] > 0


@pytest.mark.parametrize(("n_ac", "n_a", "n_c"), [(5, 9, 10), (9, 9, 9), (3, 3, 30), (1, 1, 1)])
def test_the_ratio_is_that_of_scipy(n_ac, n_a, n_c):
    table = [[n_ac, n_a - n_ac], [n_c - n_ac, 40 - n_a - n_c + n_ac]]
    expected = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert log_likelihood_ratio(40.0, float(n_ac), float(n_a), float(n_c)) == pytest.approx(expected)
    assert log_likelihood_ratio(40.0, 0.0, float(n_a), float(n_c)) == -1.0
    assert log_likelihood_ratio(40.0, 10.0, 20.0, 20.0) == -1.0  # as often as by chance


@pytest.mark.parametrize(
    ("name", "value"),
    [("min_count", 0), ("min_llr", -1), ("n_targets", 0), ("target_half_life", 0), ("min_llr", "high")],
)
def test_values_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        RuleRecommender(**{name: value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"set_weight": 0.5},
            "recommender.set_weight has no effect with predict=next_order.",
        ),
        ({"alpha": 0.5}, "recommender.alpha has no effect with weight=learned. Leave it out, or set"),
        ({"weight": "lift", "min_llr": 1.0}, "recommender.min_llr has no effect with weight=lift."),
    ],
)
def test_settings_without_effect_are_named(settings, message, caplog):
    train = orders(CUSTOMERS, 4)
    RuleRecommender(**settings).fit(train, rules_of(train.latest))
    (found,) = caplog.messages
    assert found.startswith(message)


def test_settings_of_orders_have_no_effect_without_them(caplog):
    train = orders([[[0, 1]], [[0, 1]]], 2)
    RuleRecommender(min_count=3).fit(train, rules_of(train.latest))
    assert "min_count has no effect with data in which no customer has several orders" in caplog.text


def test_too_much_is_refused_with_settings_that_are_not(monkeypatch):
    train = drawn(30, 6, 30, with_habits)
    for limit, number in (("MAX_OCCURRENCES", 800), ("MAX_PRODUCTS", 6_000)):
        monkeypatch.setattr(learned_orders, limit, number)
        rule = rf"{number:,} are the limit for learned weights\. Set recommender\.n_targets=\d\."
        with pytest.raises(BudgetError, match=rule) as caught:
            RuleRecommender().fit(train)
        affordable = int(str(caught.value).rstrip(".")[-1])
        assert len(RuleRecommender(n_targets=affordable).fit(train).rules)
        with pytest.raises(BudgetError):
            RuleRecommender(n_targets=affordable + 1).fit(train)
        monkeypatch.undo()


def test_in_a_hybrid_repeat_rules_alone_are_scaled_like_the_model():
    """They lead to nothing outside the history."""
    train = orders([[[0, 1], [0]], [[2], [2, 3]], [[0], [0]], [[1, 3], [1]]], 4)
    model = HybridRecommender(rules=RuleRecommender(regularization=1.0, n_candidates=1)).fit(train)
    by_rules, _ = model._parts(orders([[[0], [0, 1]], [[2]]], 4))
    assert by_rules.max(axis=1) == pytest.approx([0.5, 0.5])
