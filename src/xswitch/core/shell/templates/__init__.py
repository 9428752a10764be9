"""Templates of the shell hooks and completions, one file per shell.

Data, filled in by `core.shell.scripts`.
"""
