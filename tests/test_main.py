from __future__ import annotations

import sys

import pytest

from recsys.__main__ import name_cure
from recsys.job import ExperimentError


@pytest.mark.parametrize(
    ("overrides", "cure"),
    [
        (["~hydra.sweeper.params.apriori.metric"], "'hydra.sweeper.params={apriori.metric: null}'"),
        (["~hydra.sweeper.params.a.b", "~hydra.sweeper.params.c.d"], "{a.b: null, c.d: null}'"),
        (["~hydra.sweeper.params.engine"], None),  # without a dot, Hydra can delete it
        (["x=1"], None),
    ],
)
def test_what_to_type_instead_of_a_deletion_is_named(
    overrides: list[str],
    cure: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @name_cure
    def program() -> None:
        raise SystemExit(1)

    monkeypatch.setattr(sys, "argv", ["recsys", *overrides])
    with pytest.raises(SystemExit):
        program()
    printed = capsys.readouterr().err
    assert (cure in printed) if cure else printed == ""


def test_an_error_of_an_experiment_has_no_traceback_for_hydra_to_print() -> None:
    with pytest.raises(ExperimentError) as caught:
        raise ExperimentError("no data")
    assert caught.value.__traceback__ is None
