"""Regressions in blocks on several threads are those of each target alone, to the last bit."""

import numpy as np
import pytest

from recsys.errors import ParameterError
from recsys.recommenders import processors, regressions
from recsys.recommenders._learning_kernel import best_of_targets

N_NODES, N_TARGETS = 9, 12


def system(seed=0):
    """Return G of random samples as rows, sums, scales, candidates and sums of targets."""
    rng = np.random.default_rng(seed)
    x = rng.random((40, N_NODES)) * (rng.random((40, N_NODES)) < 0.4)
    gram = x.T @ x
    lower = [np.flatnonzero(gram[node, : node + 1]) for node in range(N_NODES)]
    rows = (
        np.cumsum([0, *map(len, lower)]),
        np.concatenate(lower).astype(np.int32),
        np.concatenate([gram[node, columns] for node, columns in enumerate(lower)]),
    )
    sums, scales = np.stack([x.sum(axis=0), np.ones(N_NODES)], axis=1), np.array([1 / 80, 1e-3])
    chosen = [np.sort(rng.choice(N_NODES, size, replace=False)) for size in rng.integers(0, 8, N_TARGETS)]
    starts, nodes = np.cumsum([0, *map(len, chosen)]), np.concatenate(chosen)
    candidates = starts, nodes, rng.normal(2.0, 2.0, len(nodes))
    return rows, sums, scales, candidates, rng.random((N_TARGETS, 2)), gram


def solve(regularization=0.5):
    return regressions.solve(*system()[:5], regularization)


def test_each_target_alone_without_its_negative_weights():
    _, sums, scales, (starts, nodes, products), targets, gram = system()
    weights, n_dropped = solve(), 0
    for target in range(N_TARGETS):
        some = slice(starts[target], starts[target + 1])
        own = nodes[some]
        matrix = gram[np.ix_(own, own)] - sums[own] * scales @ sums[own].T + 0.5 * np.eye(len(own))
        right = products[some] - sums[own] @ (scales * targets[target])
        active = np.arange(len(own))
        while len(active):
            solution = np.linalg.solve(matrix[np.ix_(active, active)], right[active])
            if (solution > 0).all():
                break
            active = active[solution > 0]
        expected = np.zeros(len(own))
        expected[active] = solution if len(active) else 0
        np.testing.assert_allclose(weights[some], expected, rtol=1e-9)
        n_dropped += len(own) - len(active)
    assert 0 < n_dropped < len(nodes)


@pytest.mark.parametrize(("block", "n_processors"), [(1, 1), (1, 3), (100, 2)])
def test_blocks_and_threads_do_not_show(monkeypatch, block, n_processors):
    expected = solve()
    monkeypatch.setattr(regressions, "BLOCK", block)
    monkeypatch.setattr(processors, "available_processors", lambda: n_processors)
    assert solve().tobytes() == expected.tobytes()


def test_equations_that_have_no_solution(monkeypatch):
    rows, _, _, candidates, targets, _ = system()
    nothing = rows[0], rows[1], np.zeros_like(rows[2])
    with pytest.raises(ParameterError, match=r"regularization must be large enough .* Raise it"):
        regressions.solve(nothing, np.zeros((N_NODES, 2)), np.zeros(2), candidates, targets, 0.0)


@pytest.mark.parametrize("n_best", [1, 2, 5, 100])
def test_best_of_targets_are_those_of_a_sort(n_best):
    rng = np.random.default_rng(n_best)
    targets, ratios = rng.integers(0, 6, 60).astype(np.uint32), rng.integers(-2, 3, 60) / 2.0
    order = np.lexsort((np.arange(60), -ratios, targets))
    expected = [np.sort(order[targets[order] == target][:n_best]) for target in range(7)]
    assert best_of_targets(targets, ratios, 7, n_best).tolist() == np.concatenate(expected).tolist()
