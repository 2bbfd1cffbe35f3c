"""Hydra callbacks that watch the pipeline."""

from recsys.tracking.mlflow_callback import MLflowCallback
from recsys.tracking.output_folder import OutputFolderCallback

__all__ = ["MLflowCallback", "OutputFolderCallback"]
