"""Jobs: launching them, their outcomes, and the functions that they call."""
