"""A parameter: one sweep expression of Hydra as one distribution of Optuna."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any

from hydra.core.override_parser import types
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import BaseTrial

from optuna_sweeper.errors import SweepError
from optuna_sweeper.search.encoding import encode


@dataclass(frozen=True)
class Parameter:
    """A parameter that Optuna chooses; `name` is as typed, and `verbatim` are lists or mappings as text."""

    name: str
    distribution: BaseDistribution
    verbatim: frozenset[str] = frozenset()

    @property
    def choices(self) -> tuple[Any, ...]:
        """The choices; none if it is a number."""
        return tuple(getattr(self.distribution, "choices", ()))

    def suggest(self, trial: BaseTrial) -> None:
        """Let the sampler choose the value for a trial."""
        trial._suggest(self.name, self.distribution)  # type: ignore[attr-defined]  # all trials have it

    def override(self, value: Any) -> str:
        """Return the override that sets this value."""
        return f"{self.name}={value if value in self.verbatim else encode(value)}"


def fits(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a distribution contains a value."""
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):
        return False


def parameter(override: types.Override, key: str) -> Parameter:
    """Return the parameter that a sweep override describes; `key` is its name in error messages."""
    name = override.get_key_element()
    sweep: Any = override.value()
    if override.value_type is types.ValueType.GLOB_CHOICE_SWEEP:
        raise SweepError(f"{key}: glob() cannot be swept over with Optuna. Name the options: choice(a, b).")
    _check_tags(sweep, key)
    if isinstance(sweep, types.IntervalSweep):
        return Parameter(name, _interval(sweep, key))
    if isinstance(sweep, types.RangeSweep):
        return Parameter(name, _range(sweep, key))
    choices, verbatim = _choices(sweep, key)
    return Parameter(name, CategoricalDistribution(choices), verbatim)


def range_values(low: float, step: float, count: int) -> list[float]:
    """Return the values of a range, exact in decimal: 0.3, where 3 * 0.1 is 0.30000000000000004."""
    return [float(Decimal(str(low)) + i * Decimal(str(step))) for i in range(count)]


def _check_tags(sweep: types.Sweep, key: str) -> None:
    allowed = {"log"} if isinstance(sweep, types.IntervalSweep) else set()
    unknown = ", ".join(sorted(map(str, sweep.tags - allowed)))
    if unknown:
        kind = type(sweep).__name__.removesuffix("Sweep").lower()
        raise SweepError(
            f"{key}: {kind}() does not take the tag {unknown}. Only tag(log, interval(...)) exists."
        )


def _interval(sweep: Any, key: str) -> BaseDistribution:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SweepError(f"{key}: the interval must go from a lower to a higher number. Got {low} to {high}.")
    if log and low <= 0:
        raise SweepError(f"{key}: an interval tagged log must start above 0. Got {low}.")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _range(sweep: Any, key: str) -> BaseDistribution:
    start, stop, step = sweep.start, sweep.stop, sweep.step
    if not all(map(math.isfinite, (start, stop, step))) or step == 0:
        raise SweepError(f"{key}: a range needs finite numbers and a step that is not 0. Got step {step}.")
    # Decimal(str()) has the numbers as typed: 0.3 / 0.1 is 3. The stop is excluded.
    first, end, stride = (Decimal(str(number)) for number in (start, stop, step))
    count = math.ceil((end - first) / stride)
    if count < 1:
        raise SweepError(f"{key}: the range is empty, its stop is excluded. Got {start} to {stop} by {step}.")
    if getattr(sweep, "transformers", ()):
        return _of_values(list(sweep), sweep.shuffle)  # since Hydra 1.4
    whole = all(isinstance(number, int) for number in (start, stop, step))
    low, high = sorted((first, first + (count - 1) * stride))
    if sweep.shuffle:
        # The order of choices has no meaning for Optuna; shuffling them would only make runs differ.
        values = range_values(float(low), float(abs(stride)), count)
        return CategoricalDistribution([int(value) if whole else value for value in values])
    return _steps(low, high, abs(stride), whole)


def _of_values(values: Sequence[Any], shuffle: bool) -> BaseDistribution:
    """Return the distribution of the values of a cast range: Hydra 1.4 casts each value, 1.3 the bounds."""
    values = list(dict.fromkeys(values))
    numbers = {type(value) for value in values} in ({int}, {float})
    exact = sorted(Decimal(str(value)) for value in values) if numbers else []
    steps = {after - before for before, after in pairwise(exact)} or {Decimal(1)}
    if shuffle or not exact or len(steps) > 1:
        return CategoricalDistribution(values)
    return _steps(exact[0], exact[-1], steps.pop(), isinstance(values[0], int))


def _steps(low: Decimal, high: Decimal, step: Decimal, whole: bool) -> BaseDistribution:
    if whole:
        return IntDistribution(int(low), int(high), step=int(step))
    return FloatDistribution(float(low), float(high), step=float(step))


def _choices(sweep: types.ChoiceSweep, key: str) -> tuple[Sequence[Any], frozenset[str]]:
    choices: list[Any] = []
    verbatim = set()
    for element in sweep.list:
        if isinstance(element, types.Sweep):
            raise SweepError(f"{key}: a choice cannot hold another sweep.")
        if isinstance(element, list | dict):
            text = types.Transformer.str(element)
            verbatim.add(text)
            choices.append(text)
        else:
            choices.append(element.text if isinstance(element, types.QuotedString) else element)
    for one, other in combinations(choices, 2):
        # Optuna compares choices by ==, and could not distinguish 1 from true.
        if one == other:
            raise SweepError(f"{key}: two of the choices are equal, {encode(one)} and {encode(other)}.")
    return choices, frozenset(verbatim)
