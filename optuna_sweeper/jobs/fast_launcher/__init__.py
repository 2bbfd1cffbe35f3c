"""The fast launcher: jobs in this process, with less work per job than in Hydra's basic launcher.

Measured with 200 empty trials on Hydra 1.3 and a config of one key: 20 ms of processor time per trial instead
of 129 ms; the files that jobs leave are identical. It depends on Hydra's internals: with another version than
Hydra 1.3, with any other launcher, or with the environment variable ``OPTUNA_SWEEPER_PLAIN_LAUNCHER=1``,
Hydra's own launcher runs the jobs.
"""
