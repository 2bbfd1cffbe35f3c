"""Config files; a package so that Hydra finds them in a wheel, too."""
