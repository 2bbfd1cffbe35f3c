"""The study: its storage, its identity, its folders and its first trials."""
