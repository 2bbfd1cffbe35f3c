"""Fitted models as settings and arrays, and back."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy.typing as npt

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.recommenders import MODELS, Model, State
from recsys.runs.trusted import trust_cure, trusted_by_reader

Arrays = dict[str, npt.NDArray[Any]]

KINDS: dict[str, type[Model]] = {model.kind: model for model in MODELS}


@dataclass(frozen=True)
class Parts:
    """A model as plain data, without the likes that it was fitted on.

    Parameters
    ----------
    kind : str
        A key of `KINDS`; or the dotted name of a class elsewhere, which the reader must trust.
    settings : dict
        Values that JSON can hold.
    arrays : dict of str to ndarray
    """

    kind: str
    settings: dict[str, Any]
    arrays: Arrays


def take_apart(model: Model) -> Parts:
    """Return a model as plain data.

    Raises
    ------
    ParameterError
        If no bundle may name its class.
    """
    kind, state = _kind_of(model), model.state()
    settings, arrays = dict(state.settings), dict(state.arrays)
    for name, part in state.parts.items():
        taken = take_apart(part)
        settings.setdefault("parts", {})[name] = {"kind": taken.kind, "settings": taken.settings}
        arrays |= {f"{name}.{array}": values for array, values in taken.arrays.items()}
    return Parts(kind, settings, arrays)


def put_together(parts: Parts, train: Histories) -> Any:
    """Restore a model.

    Raises
    ------
    KeyError, TypeError
        If something is missing.
    ParameterError
        If its class is neither one of `recsys.recommenders` nor trusted.
    """
    inner = {
        name: put_together(Parts(**part, arrays=_of(name, parts.arrays)), train)
        for name, part in parts.settings.get("parts", {}).items()
    }
    return _class_of(parts.kind).from_state(train, State(parts.settings, parts.arrays, inner))


def _kind_of(model: Model) -> str:
    cls = type(model)
    if cls in MODELS:
        return cls.kind
    name = f"{cls.__module__}.{cls.__qualname__}"
    if name not in trusted_by_reader():
        rule = f"one of {', '.join(known.__name__ for known in MODELS)}, to be saved"
        raise ParameterError("model", rule, model, trust_cure(name, "If the class is yours"))
    return name


def _class_of(kind: str) -> Any:
    if kind in KINDS or "." not in kind:
        return KINDS[kind]
    if kind not in trusted_by_reader():
        cure = trust_cure(kind, "If you know what the class does")
        raise ParameterError("kind", f"one of {', '.join(KINDS)}", kind, cure)
    module, _, name = kind.rpartition(".")
    return getattr(import_module(module), name)


def _of(part: str, arrays: Arrays) -> Arrays:
    """Return the arrays of one part, by their own names."""
    prefix = f"{part}."
    return {key.removeprefix(prefix): values for key, values in arrays.items() if key.startswith(prefix)}
