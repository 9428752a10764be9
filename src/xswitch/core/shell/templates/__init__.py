"""Templates of the shell hooks and completion scripts, which core.shell.scripts fills in."""
