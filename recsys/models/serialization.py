"""Fitted models as settings and arrays, and back."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.recommenders import Model, State
from recsys.runs.trusted import trust_cure, trusted_by_reader

Arrays = dict[str, npt.NDArray[Any]]

PACKAGE = "recsys.recommenders"


@dataclass(frozen=True)
class Parts:
    """A model as plain data, without the histories that it was fitted on."""

    kind: str  # dotted name of the class
    settings: dict[str, Any]  # as JSON
    arrays: Arrays


def take_apart(model: Model) -> Parts:
    """Return a model as plain data; ParameterError if bundles may not contain its class."""
    state, cls = model.state(), type(model)
    kind = f"{cls.__module__}.{cls.__qualname__}"
    if not _is_allowed(kind):
        rule = f"of a class of {PACKAGE}, to be saved"
        raise ParameterError("model", rule, model, trust_cure(kind, "If the class is yours"))
    settings, arrays = dict(state.settings), dict(state.arrays)
    for name, part in state.parts.items():
        taken = take_apart(part)
        settings.setdefault("parts", {})[name] = {"kind": taken.kind, "settings": taken.settings}
        arrays |= {f"{name}.{array}": values for array, values in taken.arrays.items()}
    return Parts(kind, settings, arrays)


def put_together(parts: Parts, train: Histories) -> Any:
    """Restore a model.

    KeyError or TypeError is raised if something is missing, ParameterError if bundles may not contain its
    class.
    """
    inner = {}
    for name, part in parts.settings.get("parts", {}).items():
        prefix = f"{name}."
        own = {key.removeprefix(prefix): parts.arrays[key] for key in parts.arrays if key.startswith(prefix)}
        inner[name] = put_together(Parts(**part, arrays=own), train)
    return _class_of(parts.kind).from_state(train, State(parts.settings, parts.arrays, inner))


def _class_of(kind: str) -> type[Model]:
    if not _is_allowed(kind):
        cure = trust_cure(kind, "If you know what the class does")
        raise ParameterError("kind", f"a class of {PACKAGE}", kind, cure)
    module, _, name = kind.rpartition(".")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise KeyError(kind) from None
    if not (isinstance(cls, type) and issubclass(cls, Model)):
        raise TypeError(f"{kind} is not a model")
    return cls


def _is_allowed(kind: str) -> bool:
    return kind.rpartition(".")[0].rpartition(".")[0] == PACKAGE or kind in trusted_by_reader()
