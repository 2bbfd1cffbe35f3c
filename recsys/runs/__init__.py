"""The folder of a run and of a sweep: what is written there, and how it is read."""
