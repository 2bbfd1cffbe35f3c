"""The sub-commands of `recsys`, one module each."""
