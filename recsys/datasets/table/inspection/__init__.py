"""Look at a table of unknown form and propose the settings that read it."""
