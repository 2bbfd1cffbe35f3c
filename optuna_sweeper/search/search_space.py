"""The search space of a sweep: its parameters, their conditions and the application's own suggestions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from omegaconf import DictConfig
from optuna.trial import BaseTrial

from optuna_sweeper.errors import SweepError
from optuna_sweeper.instantiate import load_function
from optuna_sweeper.search.arguments import Arguments, read_arguments
from optuna_sweeper.search.conditions import Required, check_dropped, read_conditions
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.search.parameter import Parameter
from optuna_sweeper.settings import Settings


@dataclass(frozen=True)
class SearchSpace:
    """The parameters that Optuna chooses, and the overrides of jobs that follow from them."""

    arguments: Arguments
    ordered: list[Parameter]
    required: Required
    custom: Callable[[BaseTrial], None] | None = None

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, without those of the custom search space."""
        return self.arguments.parameters

    def suggest(self, trial: BaseTrial, custom: bool = True) -> None:
        """Choose the parameters of a trial: those that exist, then those of the custom search space."""
        for parameter in self.ordered:
            needs = self.required.get(parameter.name, {}).items()
            chosen = {name: encode(value) for name, value in trial.params.items()} if needs else {}
            if all(chosen.get(other) in values for other, values in needs):
                parameter.suggest(trial)
        if custom and self.custom is not None:
            self.custom(trial)


def read_search_space(settings: Settings, config: DictConfig, command_line: Sequence[str]) -> SearchSpace:
    """Read the search space of a sweep; the overrides of the command line are those as typed."""
    arguments = read_arguments(settings.params, command_line)
    check_dropped(arguments, config)
    path = settings.custom_search_space
    if not arguments.parameters and path is None:
        raise SweepError(
            "There is nothing to search. Give hydra.sweeper.params, or a sweep such as 'x=interval(0,1)'."
        )
    custom = None
    if path is not None:
        # An example of the official plugin names its function with a dot before it.
        custom = partial(load_function("hydra.sweeper.custom_search_space", path.removeprefix(".")), config)
    return SearchSpace(arguments, *read_conditions(settings.conditions, arguments, config), custom)
