"""The folders of runs and sweeps: writing, reading, and refitting stored settings."""
