"""One module per group of commands; each command is a function from Context to exit code."""
