"""Config files that replace Hydra's own in calls from Python; see `recsys.interactive.hydra_calls`."""
