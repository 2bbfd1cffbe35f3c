"""What somebody without a token can do to feedback: 1,200 thumbs of 600 invented people for one film."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter

import pytest

from recsys.serving.errors import ApiError
from recsys.serving.schemas import FeedbackRequest, RecommendRequest
from tests.serving.conftest import thumb

UNKNOWN = 5000  # nobody likes it


def test_a_film_that_was_not_recommended_gets_no_thumb(client):
    """Forged lists and lists that it is not in; no request gets it into a list."""
    service, real = client.app.state.service, thumb(client)["signed_list"]
    forged = urlsafe_b64encode(b'[1795861600,"00","1",[],[[5000,"rule",[]]]]').decode()
    lists = real, f"{forged}.{real.partition('.')[2]}"
    refused: Counter[str] = Counter()
    for number in range(1200):
        given = FeedbackRequest(
            signed_list=lists[number % 2], user_id=f"u{number // 2}", item_id=UNKNOWN, verdict="up"
        )
        with pytest.raises(ApiError) as error:
            service.feedback(given, "192.0.2.1")
        refused[error.value.code] += 1
    assert refused == {"not_in_list": 600, "unknown_list": 600}
    assert service.store.read() == []
    wanted = RecommendRequest(items=[UNKNOWN, 0], k=100, exclude_seen=False)
    assert UNKNOWN not in {one.item_id for one in service.recommend(wanted).recommendations}


def test_one_address_gets_few_thumbs_in_whoever_it_says_it_is(serve):
    """Each for a list of its own, as if as many people had looked at the page."""
    client = serve(max_thumbs_per_address=9)
    answers = [
        client.post("/feedback", json=thumb(client, row=number % 5, user_id=f"u{number}")).status_code
        for number in range(12)
    ]
    assert answers == [200] * 9 + [429] * 3
    assert client.app.state.service.store.state()[0] == 9
