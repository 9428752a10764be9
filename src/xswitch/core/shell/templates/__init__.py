"""Templates of the shell hooks and completions, one file per shell: data, filled in by `core.shell.scripts`."""
