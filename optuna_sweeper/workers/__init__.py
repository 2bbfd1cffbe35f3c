"""The processes that work on one study: registration, trial allocation, signals and recovery."""
