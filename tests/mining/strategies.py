"""What Hypothesis draws for mining and rules."""

from hypothesis import settings
from hypothesis import strategies as st

deterministic = settings(deadline=None, derandomize=True, max_examples=60)

transaction_lists = st.lists(st.sets(st.integers(0, 6)).map(sorted), min_size=1, max_size=12)


@st.composite
def mining_problems(draw):
    """Draw transactions, a min_support that some itemset can have to the last bit, and a max_len."""
    transactions = draw(transaction_lists)
    count = draw(st.integers(1, len(transactions)))
    return transactions, count / len(transactions), draw(st.sampled_from([None, 1, 2, 3, 4]))
