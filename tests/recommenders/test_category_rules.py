"""Rules over items and categories recommend items."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys import generate_rules, mine
from recsys.data import Hierarchy, ItemCatalog, Transactions
from recsys.errors import ParameterError
from recsys.models.bundle import Bundle
from recsys.recommenders import FALLBACK, RULE, HybridRecommender, RuleRecommender
from tests.integration.cures import tries
from tests.recommenders.problems import ALL, deterministic, histories

SUM = RuleRecommender(weight="confidence", aggregation="sum", half_life=None)
CATEGORIES = ["aisle: a", "aisle: b", "aisle: c"]


def hierarchy_of(categories, replaces=False):
    """Make a hierarchy of items with some of the categories 0, 1, 2 each."""
    members = np.zeros((len(categories), 3), dtype=np.bool_)
    for item, own in enumerate(categories):
        members[item, list(own)] = True
    items, pairs = np.arange(len(categories)) * 10, np.empty((0, 2), dtype=np.int64)
    return Hierarchy(items, np.array(CATEGORIES), sparse.csr_array(members), pairs, replaces)


def fitted(recommender, lists, categories, replaces=False, min_support=0.01, times=True):
    hierarchy = hierarchy_of(categories, replaces)
    train = replace(histories(lists, len(categories), times), hierarchy=hierarchy)
    transactions = hierarchy.extend(Transactions(train.matrix, train.items))
    rules = generate_rules(mine(transactions, min_support, 2))
    return recommender.fit(train, rules)


def test_a_category_recommends_its_best_unseen_items():
    # Items 1, 2 and 3 are in category 0, to which 0 leads; 2 is the most popular of them. 4 is elsewhere.
    lists = [[0, 1], [0, 2], [0, 3], [2], [2], [4], [4], [4], [4]]
    model = fitted(SUM, lists, [(), (0,), (0,), (0,), ()], min_support=3 / 9)
    user = histories([[0], [0, 2]], 5)
    lists = model.recommend(user, 4)
    # P(category | 0) = 1; 5 users have the category, of which 3 have item 2 and 1 each of the others.
    assert lists.item_indices.tolist() == [[2, 1, 3, 4], [1, 3, 4, -1]]
    assert lists.scores[0].tolist() == pytest.approx([3 / 5, 1 / 5, 1 / 5, 4])
    assert lists.sources[0].tolist() == [RULE, RULE, RULE, FALLBACK]
    (reason,) = model.explain(user[:1], [1])[0]
    assert (reason.antecedents, reason.category, reason.share) == ((0,), 5, 1.0)
    assert (reason.support_count, reason.confidence, reason.lift) == (3, 1.0, pytest.approx(9 / 5))


def test_a_category_leads_to_items():
    # Items 0 and 1 are in category 0, which leads to 2; neither alone is frequent.
    lists = [[0, 2], [1, 2], [3], [3]]
    model = fitted(SUM, lists, [(0,), (0,), (), ()], min_support=0.5)
    user = histories([[1]], 4)
    assert model.recommend(user, 1).item_indices.tolist() == [[2]]
    (reason,) = model.explain(user, [2])[0]
    assert (reason.antecedents, reason.category) == ((4,), None)


def test_rules_to_an_item_count_in_place_of_those_to_its_category():
    lists = [[0, 1], [0, 1], [0, 2], [3]]
    model = fitted(SUM, lists, [(), (0,), (0,), ()], min_support=0.5)
    user = histories([[0]], 4)
    # 0 leads to 1 by 2 / 3, and to the category, which gives 2 its share of 1 / 3.
    assert model.scores(user)[0].tolist() == pytest.approx([0, 2 / 3, 1 / 3, 0])
    assert [reason.category for (reason,) in model.explain(user, [1, 2])] == [None, 4]


@st.composite
def problems(draw):
    """Draw lists of items, categories of the items, and histories to recommend for."""
    n_items = draw(st.integers(2, 5))
    items = st.lists(st.integers(0, n_items - 1), unique=True, min_size=1)
    lists = draw(st.lists(items, min_size=1, max_size=6))
    categories = draw(st.lists(st.sets(st.integers(0, 2)), min_size=n_items, max_size=n_items))
    # As of data: each item and category occurs.
    categories[0] = {0, 1, 2}
    lists = [*lists, list(range(n_items))]
    return lists, categories, draw(st.lists(items, min_size=1, max_size=3)), draw(st.booleans())


def naive_scores(lists, categories, query, replaces):
    """Score by the definition: sums of confidences, and the best share of a category."""
    n = len(categories)

    def extended(row, replaces):
        groups = {n + group for item in row for group in categories[item]}
        return {item for item in row if not (replaces and categories[item])} | groups

    rows = [extended(row, replaces) for row in lists]
    implied = {frozenset({item, n + group}) for item in range(n) for group in categories[item]}
    scores = np.zeros(n + 3)
    for antecedent in extended(query, False):
        having = [row for row in rows if antecedent in row]
        for consequent in range(n + 3):
            if having and consequent != antecedent and frozenset({antecedent, consequent}) not in implied:
                scores[consequent] += sum(consequent in row for row in having) / len(having)
    everything = [extended(row, False) for row in lists]
    counts = [sum(one in row for row in everything) for one in range(n + 3)]
    by_category = [
        max((scores[n + group] * counts[item] / counts[n + group] for group in categories[item]), default=0)
        for item in range(n)
    ]
    return [own or other for own, other in zip(scores[:n], by_category, strict=True)]


@settings(deterministic, max_examples=30)
@given(problem=problems())
def test_scores_are_those_of_the_definition(problem):
    lists, categories, queries, replaces = problem
    model = fitted(SUM, lists, categories, replaces)
    scores = model.scores(histories(queries, len(categories)))
    for query, row in zip(queries, scores.tolist(), strict=True):
        assert row == pytest.approx(naive_scores(lists, categories, query, replaces))


@settings(deterministic, max_examples=10)
@given(problem=problems())
def test_every_recommender_lists_items_and_explains_them(problem):
    lists, categories, queries, replaces = problem
    n = len(categories)
    asked = histories(queries, n)
    for name, recommender in ALL.items():
        note(name)
        model = fitted(recommender, lists, categories, replaces)
        found = model.recommend(asked, n)
        assert found.item_indices.max() < n
        alone = model.recommend(asked[:1], n)
        assert np.array_equal(alone.item_indices, found.item_indices[:1])
        assert np.array_equal(alone.scores, found.scores[:1])
        for user, query in enumerate(queries):
            held = {*query, *(n + group for item in query for group in categories[item])}
            kept = found.item_indices[user][found.sources[user] >= 0].tolist()
            assert not set(kept) & set(query)
            for item, reasons in zip(kept, model.explain(asked[user : user + 1], kept), strict=True):
                assert sum(reason.share for reason in reasons) == pytest.approx(1)
                for reason in reasons:
                    assert set(reason.antecedents) <= held
                    assert reason.category is None or reason.category - n in categories[item]
                    own = set() if reason.category else {n + group for group in categories[item]}
                    assert not own & set(reason.antecedents)


@pytest.mark.parametrize("recommender", [RuleRecommender(), SUM, HybridRecommender(rules=SUM)])
def test_a_saved_model_recommends_the_same(recommender, tmp_path):
    lists = [[0, 1], [0, 2], [0, 3], [2], [2], [4], [4], [4], [4]]
    model = fitted(recommender, lists, [(), (0,), (0,), (0, 1), (2,)], min_support=0.2)
    bundle = Bundle(model, ItemCatalog.empty(), model.train)
    bundle.save(tmp_path / "bundle")
    loaded = Bundle.load(tmp_path / "bundle")
    expected = bundle.recommend([[0], [20, 40]], 5, n_reasons=3)
    assert loaded.recommend([[0], [20, 40]], 5, n_reasons=3) == expected
    assert {one.item_id for row in expected for one in row} <= {0, 10, 20, 30, 40}


def test_reasons_name_categories():
    model = fitted(SUM, [[0, 1], [0, 2], [3], [3]], [(1,), (0,), (0,), ()], min_support=0.5)
    ((one, *_),) = Bundle(model, ItemCatalog.empty(), model.train).recommend([[0]], 2, n_reasons=2)
    told = {(reason.antecedents[0].title, reason.category.title) for reason in one.reasons}
    assert told == {("0", "aisle: a"), ("aisle: b", "aisle: a")}


def test_rules_over_other_items_are_refused():
    train = histories([[0, 1], [0, 2]], 3)
    rules = generate_rules(mine(Transactions(train.matrix, train.items), 0.5))
    with pytest.raises(
        ParameterError, match="rules must be mined from the transactions of the training part"
    ):
        SUM.fit(replace(train, hierarchy=hierarchy_of([(0,), (), ()])), rules)


@tries("recsys/recommenders/rules.py", "Set preprocessing.levels=item.")
def test_the_value_of_a_category_is_not_known():
    recommender = replace(SUM, value="price")
    with pytest.raises(
        ParameterError, match=r"value must be null where rules hold categories .*levels=item\.$"
    ):
        fitted(recommender, [[0, 1], [0, 2]], [(0,), (), ()])
    train = replace(histories([[0, 1], [0, 2]], 3), item_values={"price": np.ones(3)})
    rules = generate_rules(mine(Transactions(train.matrix, train.items), 0.5))
    assert (recommender.fit(train, rules).scores(train) == SUM.fit(train, rules).scores(train)).all()
