"""When the sender measures the machine, and what it then queues."""

import pytest

from recsys.tracking.system_metrics import SystemMetrics


def names(metrics):
    return {name for name, _, _, _ in metrics}


def test_a_point_is_the_mean_of_samples_that_are_apart():
    system = SystemMetrics(interval=10.0, n_samples=2, node="n1")
    assert [len(system.sample(clock)) for clock in (0.0, 1.0, 9.9)] == [0, 0, 0]
    found = system.sample(10.0)
    assert "system/n1/cpu_utilization_percentage" in names(found)
    assert all(step > 0 < time for _, _, time, step in found)
    assert not system.sample(19.0)
    # At the end whatever there is is a point.
    assert names(system.sample(19.1, is_last=True)) == names(found)


@pytest.mark.parametrize(("value", "is_on"), [(None, False), ("false", False), ("1", True), ("TRUE", True)])
def test_they_are_off_unless_the_variable_is_true(monkeypatch, value, is_on):
    if value is not None:
        monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", value)
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "2.5")
    system = SystemMetrics.from_environment()
    assert (system is not None) == is_on
    if system is not None:
        assert (system.interval, system.n_samples) == (2.5, 1)
