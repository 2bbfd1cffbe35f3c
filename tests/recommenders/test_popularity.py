from recsys.recommenders import FALLBACK, MODEL, PopularityRecommender, Reason
from tests.recommenders.problems import histories

TRAIN = histories([[3, 1], [1, 2], [1, 3], [2]], 5)


def test_what_most_users_like_comes_first_and_equals_by_position():
    lists = PopularityRecommender().fit(TRAIN).recommend(histories([[], [1]], 5), 4)
    assert lists.item_indices.tolist() == [[1, 2, 3, 0], [2, 3, 0, 4]]
    assert lists.scores.tolist() == [[3, 2, 2, 0], [2, 2, 0, 0]]
    # What nobody likes is not popular: it only fills the list.
    assert lists.sources.tolist() == [[MODEL, MODEL, MODEL, FALLBACK], [MODEL, MODEL, FALLBACK, FALLBACK]]


def test_seen_items_on_request():
    lists = PopularityRecommender().fit(TRAIN).recommend(TRAIN, 1, histories([[]] * 4, 5))
    assert lists.item_indices.tolist() == [[1]] * 4


def test_the_reason_is_the_count():
    model = PopularityRecommender().fit(TRAIN)
    assert model.explain(histories([[0]], 5), [3]) == [[Reason((), 2, None, None, 1.0)]]
