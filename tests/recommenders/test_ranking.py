"""The compiled ranking against sorting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.recommenders import FALLBACK, MODEL, Recommendations
from recsys.recommenders.model import Popularity, rank_into
from tests.recommenders.problems import deterministic, histories


@st.composite
def rankings(draw):
    n_items = draw(st.integers(1, 8))
    few_values = st.sampled_from([-1.0, 0.0, 0.5, 0.5, 1.0, np.nan])
    scores = draw(st.lists(few_values, min_size=n_items, max_size=n_items))
    counts = draw(st.lists(st.integers(0, 3), min_size=n_items, max_size=n_items))
    return scores, counts, draw(st.lists(st.integers(0, n_items - 1), unique=True)), draw(st.integers(1, 10))


@deterministic
@given(ranking=rankings())
def test_by_score_then_by_popularity(ranking):
    scores, counts, excluded, k = ranking
    exclude = histories([excluded], len(scores))
    liked = histories([[i] for i, count in enumerate(counts) for _ in range(count)], len(scores))
    lists = Recommendations.empty(1, k)
    rank_into(lists, np.array([scores]), exclude, Popularity.of(liked))

    allowed = [item for item in range(len(scores)) if item not in excluded]
    by_score = sorted((i for i in allowed if scores[i] > 0), key=lambda i: (-scores[i], i))
    others = sorted((i for i in allowed if i not in by_score), key=lambda i: (-counts[i], i))
    n_left = max(0, k - len(allowed))
    expected = [(i, scores[i], MODEL) for i in by_score] + [(i, counts[i], FALLBACK) for i in others]
    expected = expected[:k] + [(-1, 0, -1)] * n_left
    found = zip(lists.item_indices[0], lists.scores[0], lists.sources[0], strict=True)
    assert list(found) == expected
