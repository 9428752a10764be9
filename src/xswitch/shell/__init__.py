"""Templates of the shell hooks and completions: data, read with importlib.resources and filled in by core.shellinit."""
