"""Hydra callbacks that watch the pipeline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.tracking.mlflow_callback import MLflowCallback
    from recsys.tracking.output_folder import OutputFolderCallback

__all__ = ["MLflowCallback", "OutputFolderCallback"]

_HOMES = {
    "MLflowCallback": "recsys.tracking.mlflow_callback",
    "OutputFolderCallback": "recsys.tracking.output_folder",
}


def __getattr__(name: str) -> Any:
    # Resolved on first use: the sender's process must not wait for Hydra.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
