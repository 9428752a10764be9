"""The AWS config and credentials files on disk; their syntax and meaning are in `core.awsconfig`."""
