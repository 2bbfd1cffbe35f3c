"""The plugin that Hydra discovers; any application imports its modules, so none imports Optuna."""
