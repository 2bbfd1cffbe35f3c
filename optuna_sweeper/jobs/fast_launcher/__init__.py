"""The fast launcher."""
