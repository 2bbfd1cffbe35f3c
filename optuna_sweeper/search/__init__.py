"""Search spaces, samplers and pruners: from the sweep expressions of Hydra to the classes of Optuna."""
