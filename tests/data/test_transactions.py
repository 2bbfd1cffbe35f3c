import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys.data import Transactions
from recsys.data import lists as module
from recsys.data._lists_kernel import read_rows, type_of
from recsys.errors import DataFormatError, ParameterError
from recsys.kernel import kernel_of_objects


def test_lists_become_a_matrix_over_the_sorted_vocabulary():
    transactions = Transactions.from_lists([["milk", "bread", "milk"], [], ["eggs"]])
    assert transactions.items.tolist() == ["bread", "eggs", "milk"]
    assert transactions.matrix.toarray().astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert transactions.ids.tolist() == [0, 1, 2]
    assert (len(transactions), transactions.n_transactions, transactions.n_items) == (3, 3, 3)
    assert repr(transactions) == "Transactions(n_transactions=3, n_items=3, n_interactions=3)"


@pytest.mark.parametrize("lists", [[], [[]], [[], []]])
def test_no_items_is_no_error(lists):
    transactions = Transactions.from_lists(lists)
    assert transactions.matrix.shape == (len(lists), 0)


def test_items_may_be_tuples_and_keep_their_type():
    assert Transactions.from_lists([[("a", 1), ("b", 2)]]).items.tolist() == [("a", 1), ("b", 2)]
    assert Transactions.from_lists([[1.5, 2]]).items.tolist() == [1.5, 2]
    assert Transactions.from_lists([[10, 2]]).items.dtype.kind == "i"


def test_mixed_items_are_refused():
    with pytest.raises(DataFormatError, match="one sortable type"):
        Transactions.from_lists([["a", 1]])


def test_matrix_is_brought_into_canonical_form():
    # Row 0 holds item 2 twice, item 1, and an explicit False for item 0; indices descend.
    matrix = sparse.csr_array(
        (np.array([True, True, True, False]), np.array([2, 2, 1, 0]), np.array([0, 4])), shape=(1, 3)
    )
    transactions = Transactions(matrix, ["a", "b", "c"])
    assert transactions.matrix.indices.tolist() == [1, 2]
    assert transactions.matrix.data.tolist() == [True, True]


@pytest.mark.parametrize("dtype", [np.bool_, np.int8])
def test_the_callers_matrix_stays_as_it_is(dtype):
    data, indices = np.array([0, 1, 1], dtype=dtype), np.array([2, 1, 0])
    matrix = sparse.csr_array((data, indices, np.array([0, 3])), shape=(1, 3))
    before = matrix.toarray()
    Transactions(matrix, [0, 1, 2])
    np.testing.assert_array_equal(matrix.toarray(), before)
    assert matrix.indices.tolist() == [2, 1, 0]


def test_a_matrix_that_is_not_copied_is_the_one_that_is_kept():
    matrix = sparse.csr_array((np.ones(2, dtype=np.bool_), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
    transactions = Transactions(matrix, [0, 1], copy=False)
    assert np.shares_memory(transactions.matrix.data, matrix.data)
    assert transactions.matrix.indices.tolist() == [0, 1]


def test_frame():
    frame = pd.DataFrame({"b": [True, False], "a": [True, True]}, index=[7, 8])
    transactions = Transactions.from_frame(frame)
    assert transactions.items.tolist() == ["b", "a"]
    assert transactions.ids.tolist() == [7, 8]
    assert transactions.matrix.toarray().tolist() == [[True, True], [False, True]]
    as_sparse = Transactions.from_frame(frame.astype(pd.SparseDtype(bool, False)))
    assert as_sparse.digest == transactions.digest


@pytest.mark.parametrize(
    "column", [[0, 1], [0.0, 1.0], ["x", "y"], pd.array([True, None], dtype="boolean"), [True, None]]
)
def test_frame_that_is_not_boolean_is_refused(column):
    with pytest.raises(DataFormatError, match="Column 'a' must be boolean without missing values"):
        Transactions.from_frame(pd.DataFrame({"a": column}))


def test_frame_with_a_column_twice_is_refused():
    with pytest.raises(DataFormatError, match="Column 'a' occurs more than once"):
        Transactions.from_frame(pd.DataFrame([[True, False]], columns=["a", "a"]))


def test_shapes_must_agree():
    matrix = sparse.csr_array((2, 3), dtype=bool)
    with pytest.raises(ParameterError, match="items must be one id for each of the 3 columns"):
        Transactions(matrix, ["a"])
    with pytest.raises(ParameterError, match="ids must be one id for each of the 2 rows"):
        Transactions(matrix, ["a", "b", "c"], [1, 2, 3])


def test_digest_is_of_the_content():
    lists = [["a", "b"], ["b"]]
    digest = Transactions.from_lists(lists).digest
    assert Transactions.from_lists([["b", "a"], ["b"]]).digest == digest
    for other in ([["b"], ["a", "b"]], [["a", "c"], ["c"]], [["a", "b"], ["b"], []]):
        assert Transactions.from_lists(other).digest != digest
    wide = Transactions.from_lists(lists)
    wide.matrix.indices = wide.matrix.indices.astype(np.int64)
    assert wide.digest == digest


def test_a_transaction_is_no_text():
    with pytest.raises(DataFormatError, match=r"A transaction must be a list of items. Got 'bread'."):
        Transactions.from_lists(["bread", "milk"])


def test_the_item_1_is_not_the_item_of_that_name():
    assert Transactions.from_lists([[1, 2]]).digest != Transactions.from_lists([["1", "2"]]).digest


@settings(deadline=None, derandomize=True)
@given(st.lists(st.lists(st.one_of(st.integers(-5, 5), st.integers(-(2**31), 2**31 - 1)))))
def test_integers_are_encoded_as_any_other_items(lists):
    transactions = Transactions.from_lists(lists)
    assert transactions.items.tolist() == sorted({item for row in lists for item in row})
    rows = np.split(transactions.items[transactions.matrix.indices], transactions.matrix.indptr[1:-1])
    assert [row.tolist() for row in rows[: len(lists)]] == [sorted(set(row)) for row in lists]
    assert transactions.matrix.has_canonical_format
    as_sets = Transactions.from_lists([set(row) for row in lists])  # not read by the quick way
    assert as_sets.digest == transactions.digest
    assert as_sets.items.dtype == transactions.items.dtype


@pytest.mark.parametrize(
    ("lists", "items"),
    [
        ([[2**40, -(2**40)], [5]], [-(2**40), 5, 2**40]),
        ([(3, 1), {2, 1}, frozenset([7]), range(2)], [0, 1, 2, 3, 7]),
        ([np.array([3, 1]), np.array([2])], [1, 2, 3]),
        ([[np.int64(4)], [np.int64(2)]], [2, 4]),
        ([[True, False], [2]], [False, True, 2]),
        ([{"a": 1}, ["b"]], ["a", "b"]),
        ([[-3], [-1, 4]], [-3, -1, 4]),
        ([[0.5, -1], [2]], [-1, 0.5, 2]),
    ],
)
def test_transactions_of_many_kinds(lists, items):
    assert Transactions.from_lists(lists).items.tolist() == items


def test_a_transaction_may_be_an_iterator():
    assert Transactions.from_lists([[2], iter([1, 9])]).items.tolist() == [1, 2, 9]


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("nan"), pd.NA, pd.NaT, "", " "])
@pytest.mark.parametrize("others", [[], [1.5, 2], ["a"]])
def test_missing_items_are_refused(missing, others):
    with pytest.raises(DataFormatError, match="An item is missing: None, NaN or"):
        Transactions.from_lists([others, [missing]])


@pytest.mark.parametrize("lists", [[[[1, 2], 3], [4]], [[1], [[2]]], [[[1]]], [[1], 2], [1, [2]]])
def test_lists_in_lists_are_not_taken_for_items(lists):
    assert module._encode_integers(lists) is None


@pytest.mark.parametrize("other", [True, 1.0, "a", 2**31, "abcde", np.int32(1)])
def test_lists_of_anything_but_short_integers_are_not_read_as_such(other):
    assert module._encode_integers([[1, 2], (3, other)]) is None


def test_the_type_of_an_object_is_what_numba_says_it_is():
    @kernel_of_objects
    def address_of_type(address):
        return type_of(address)

    for value in (True, 1, 2**70, 1.0, "a", [], ()):
        assert address_of_type(id(value)) == id(type(value))


@pytest.mark.parametrize("lists", [[[1, 2], {3}], [[1], [2**63]], [[1, -(2**63) - 1]], [[1], (2, True)]])
def test_lists_of_something_else_are_left_unread(lists):
    assert not read_rows(*map(id, (lists, list, tuple, int)))[0]


@pytest.mark.parametrize("items", [[-5, 2, 3], [-(2**31), 0, 2**31 - 1]])
def test_integers_may_be_negative_and_far_apart(items):
    indptr, indices, distinct, is_ascending = module._encode_integers([items[::-1], [], (items[1],)])
    assert (indptr.tolist(), indices.tolist(), distinct.tolist()) == ([0, 3, 3, 4], [2, 1, 0, 1], items)
    assert not is_ascending
    assert module._encode_integers([items, (items[1],)])[3]
    assert not module._encode_integers([items, [items[1]] * 2])[3]


def test_many_lists():
    rng = np.random.default_rng(42)
    lists = [rng.permutation(50)[:length].tolist() * 2 for length in rng.integers(0, 30, 400)]
    transactions = Transactions.from_lists(lists)
    expected = Transactions.from_lists([set(row) for row in lists])
    assert transactions.digest == expected.digest
    assert transactions.matrix.has_canonical_format
    assert transactions.matrix.data.dtype == np.bool_
    assert transactions.matrix.indices.dtype == transactions.matrix.indptr.dtype == np.int32


@pytest.mark.parametrize("item", [["b"], {"b"}, {"b": 1}, (["b"], 1)])
def test_an_item_is_no_list(item):
    with pytest.raises(DataFormatError, match=f"must be a number or text, not a {type(item).__name__}"):
        Transactions.from_lists([["a", item]])


@pytest.mark.parametrize(
    ("row", "cure"),
    [(None, "An empty one is []."), (np.nan, "An empty one is []."), (5, "One of a single item is [5].")],
)
def test_a_transaction_is_a_list(row, cure):
    with pytest.raises(DataFormatError, match="A transaction must be a list of items") as caught:
        Transactions.from_lists([["a"], row])
    assert str(caught.value).endswith(cure)


HELD = pd.DataFrame({"a": [True, False], "b": [True, True]})


@pytest.mark.parametrize(
    "transactions",
    [None, 5, HELD, HELD.to_numpy(), sparse.csr_array(HELD.to_numpy()), pa.table({"a": [True]})],
    ids=lambda value: type(value).__name__,
)
def test_transactions_are_lists(transactions):
    with pytest.raises(ParameterError, match="transactions must be an iterable of lists of items"):
        Transactions.from_lists(transactions)


@pytest.mark.parametrize(
    ("frame", "cure"),
    [
        ([["a"]], "Transactions.from_lists takes lists of items"),
        (HELD["a"], "Transactions.from_lists takes lists of items"),
        (HELD.to_numpy(), "pandas.DataFrame(frame, columns=items)"),
        (sparse.csr_array(HELD.to_numpy()), "Transactions(matrix, items)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_frame_is_a_frame(frame, cure):
    with pytest.raises(ParameterError, match="frame must be a data frame of pandas, Polars") as caught:
        Transactions.from_frame(frame)
    assert cure in str(caught.value)


@pytest.mark.parametrize(
    "matrix", [None, "x", [["x", "y"]], np.zeros((2, 2, 2)), [[np.nan, 1]], [[-1, 1]]], ids=str
)
def test_a_matrix_of_something_else(matrix):
    with pytest.raises(ParameterError, match="matrix must be a matrix of booleans"):
        Transactions(matrix, ["a", "b"])


def test_an_item_stands_once():
    with pytest.raises(ParameterError, match="items must be different ids"):
        Transactions(np.array([[1, 0]]), ["a", "a"])


def test_items_that_differ_in_space_alone():
    with pytest.raises(DataFormatError, match=r"Items 'cake' and 'cake\\n' differ only in the space"):
        Transactions.from_lists(line.split(",") for line in ["tea,cake\n", "cake,tea\n"])


def test_transactions_of_one_item_each_that_look_like_lists():
    with pytest.warns(UserWarning, match=r"look like lists: 'tea,cake'.*item\.split\(','\)") as caught:
        Transactions.from_lists([["tea,cake"], ["milk"]])
    assert caught[0].filename == __file__
    Transactions.from_lists([["tea, green", "cake"], ["milk"]])
    Transactions.from_lists([["tea"], [","], ["milk,"]])
