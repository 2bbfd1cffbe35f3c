"""Ways to hold likes out: each is an option of the config group `evaluation`."""
