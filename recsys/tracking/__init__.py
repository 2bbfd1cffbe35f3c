"""The MLflow record of runs and sweeps: a queue of entries, and the process that sends them."""
