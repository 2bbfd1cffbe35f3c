"""The fast launcher: jobs in this process, with less work per job than in Hydra's basic launcher.

An empty trial with a config of one key takes 20 ms of processor time, not 129 ms; the files are identical.
Hydra's own launcher runs the jobs with another version than Hydra 1.3, whose internals this depends on, with
any other launcher, and with the environment variable ``OPTUNA_SWEEPER_PLAIN_LAUNCHER=1``.
"""
