"""Numba kernels of nearest neighbours among users."""

from recsys.kernel import kernel
from recsys.recommenders._ranking_kernel import FloatArray, IntArray


@kernel
def add_product(
    starts: IntArray,
    columns: IntArray,
    values: FloatArray,
    other_starts: IntArray,
    other_columns: IntArray,
    other_values: FloatArray,
    product: FloatArray,
) -> None:
    """Add the product of two CSR matrices to a dense one, each row in the order of its entries."""
    for row in range(len(product)):
        into = product[row]
        for entry in range(starts[row], starts[row + 1]):
            value, other = values[entry], columns[entry]
            for place in range(other_starts[other], other_starts[other + 1]):
                into[other_columns[place]] += value * other_values[place]


@kernel
def choose_nearest(
    closeness: FloatArray, lowest: FloatArray, floor: float, n: int, neighbours: IntArray
) -> None:
    """Write the n candidates of the highest closeness into the rows of `neighbours`, ascending by index.

    `lowest`, shape (n_users,), is the nth highest closeness of each row; of equal candidates the first are
    taken, and only those above the floor. Rows with fewer candidates end with the -1 that they hold.
    """
    for row in range(len(closeness)):
        values, last = closeness[row], lowest[row]
        n_equal = n - (values > last).sum()  # room for candidates as close as the last one
        size = 0
        for place in range(len(values)):
            value = values[place]
            if value > floor and (value > last or (value == last and n_equal > 0)):
                n_equal -= value == last
                neighbours[row, size] = place
                size += 1
