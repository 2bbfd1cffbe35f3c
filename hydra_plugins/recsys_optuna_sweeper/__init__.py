"""The plugin that Hydra discovers: the sweeper's class, its config schemas and its config files.

Hydra imports every module below ``hydra_plugins`` when any Hydra application starts, except those whose name
begins with an underscore. The sweeper itself is therefore the package `optuna_sweeper`, which imports Optuna
only when a sweep runs.
"""
