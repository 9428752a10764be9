"""The command line: parser, one module per command group, and the only writers of stdout and stderr."""
